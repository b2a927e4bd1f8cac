# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import subprocess
import sys

import pytest

from sdpose.engine.work_dir import hold_work_dir
from sdpose.errors import InputError

HOLD = """
import sys
import sdpose.plugin
from sdpose.engine.work_dir import hold_work_dir
hold_work_dir(sys.argv[1])
print('held', flush=True)
sys.stdin.read()
"""


def test_folder_is_held_until_the_end_of_the_process(tmp_path):
    command = [sys.executable, '-c', HOLD, str(tmp_path / 'run')]
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen(command, **pipes) as other:
        assert other.stdout.readline() == 'held\n'
        with pytest.raises(InputError, match=r'Another training writes to .*run'):
            hold_work_dir(str(tmp_path / 'run'))
        other.kill()
    hold_work_dir(str(tmp_path / 'run'))
