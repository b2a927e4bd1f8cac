# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import subprocess
import sys
import zipfile

import pytest

import sdpose
from conftest import CONFIG_FILES, ROOT


@pytest.mark.slow
def test_wheel_ships_configs_and_tools_for_mim(tmp_path):
    options = ('--no-deps', '--no-build-isolation', '--wheel-dir', tmp_path)
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', *options, ROOT],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob(f'sdpose-{sdpose.__version__}-*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in CONFIG_FILES:
        assert f'sdpose/.mim/{path.relative_to(ROOT)}' in names
    assert {'sdpose/.mim/tools/train.py', 'sdpose/models/tokens.py'} <= names
    assert not [name for name in names if name.startswith(('tests/', 'configs/'))]
