# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno
import subprocess
import sys

import pytest

from sdpose.engine import work_dir as locks
from sdpose.engine.work_dir import hold_work_dir
from sdpose.errors import InputError

HOLD = """
import sys
import sdpose.plugin
from sdpose.engine.work_dir import hold_work_dir
with hold_work_dir(sys.argv[1]):
    print('held', flush=True)
    sys.stdin.readline()
print('left', flush=True)
sys.stdin.readline()
"""


@pytest.mark.parametrize('end', ['of the training', 'of the process'])
def test_folder_is_held_until_the_end(end, tmp_path):
    work_dir = str(tmp_path / 'run')
    pipes = dict(stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with subprocess.Popen([sys.executable, '-c', HOLD, work_dir], **pipes) as other:
        assert other.stdout.readline() == 'held\n'
        with (
            pytest.raises(InputError, match=r'Another training writes to .*run: wait for its end'),
            hold_work_dir(work_dir),
        ):
            pytest.fail('two hold it')
        if end == 'of the process':
            other.kill()
            other.wait()
        else:
            other.stdin.write('\n')
            other.stdin.flush()
            assert other.stdout.readline() == 'left\n'
        with hold_work_dir(work_dir):
            assert (tmp_path / 'run/.lock').exists()
        other.kill()


def test_file_systems_without_locks_are_no_obstacle(tmp_path, monkeypatch):
    def lockf(*_):
        raise OSError(errno.ENOLCK, 'No locks available')

    monkeypatch.setattr(locks.fcntl, 'lockf', lockf)
    with hold_work_dir(str(tmp_path / 'run')):
        assert (tmp_path / 'run').is_dir()
