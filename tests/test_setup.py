# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import shutil
import subprocess
import sys
import zipfile

import pytest

import sdpose
from conftest import CONFIG_FILES, ROOT


@pytest.mark.slow
def test_wheel_ships_configs_and_tools_for_mim(tmp_path):
    source = tmp_path / 'source'
    shutil.copytree(
        ROOT,
        source,
        ignore=shutil.ignore_patterns('.*', 'build', 'data', 'work_dirs', '*.egg-info'),
    )
    options = ('--no-deps', '--no-build-isolation', '--wheel-dir', tmp_path)
    subprocess.run(
        [sys.executable, '-m', 'pip', 'wheel', '-q', *options, source],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob(f'sdpose-{sdpose.__version__}-*.whl')
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in CONFIG_FILES:
        assert f'sdpose/.mim/{path.relative_to(ROOT)}' in names
    assert {'sdpose/.mim/tools/train.py', 'sdpose/models/tokens.py'} <= names
    assert not [name for name in names if name.startswith(('tests/', 'configs/'))]
