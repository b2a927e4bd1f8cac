# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A wrong installation is one sentence."""

import importlib.util
import subprocess
import sys
from importlib.metadata import PackageNotFoundError

import pytest
import torch

from conftest import ROOT
from sdpose.plugin import installation
from sdpose.plugin.installation import InstallationError, check_installation


@pytest.fixture(autouse=True)
def _hook_is_put_back(monkeypatch):
    monkeypatch.setattr(sys, 'excepthook', sys.excepthook)


def test_this_installation_is_right():
    check_installation()


@pytest.mark.parametrize(
    ('missing', 'message'),
    [
        ('mmpose', r'needs mmpose, .* Run: pip install --no-deps mmengine==.* mmpose=='),
        ('faster_coco_eval', 'needs faster_coco_eval, .* Run: pip install faster-coco-eval'),
    ],
)
def test_missing_packages(missing, message, monkeypatch):
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, 'find_spec', lambda name: None if name == missing else find_spec(name)
    )
    with pytest.raises(ImportError, match=message):
        check_installation()


@pytest.mark.parametrize(
    ('found', 'message'),
    [
        ({'opencv-python': '4.6', 'opencv-python-headless': '5.0'}, 'opencv-python 4.6 and'),
        ({'mmcv': '2.1.0', 'onedl-mmcv': '2.3.6'}, r'uninstall mmcv onedl-mmcv\)'),
        ({'opencv-python': '5.0', 'opencv-python-headless': '5.0'}, None),
    ],
)
def test_packages_that_write_into_the_same_folder(found, message, monkeypatch):
    def version(name):
        if name not in found:
            raise PackageNotFoundError
        return found[name]

    monkeypatch.setattr(installation, 'version', version)
    if message is None:
        check_installation()
        return
    with pytest.raises(InstallationError, match=message):
        check_installation()


def test_numpy_and_torch_that_do_not_fit(monkeypatch):
    def from_numpy(array):
        raise RuntimeError('Numpy is not available')

    monkeypatch.setattr(torch, 'from_numpy', from_numpy)
    with pytest.raises(InstallationError, match=r"cannot use numpy .* pip install 'numpy<2'"):
        check_installation()


def test_mmcv_whose_operators_do_not_load(tmp_path):
    """A half-installed mmcv, met by a tool."""
    (tmp_path / 'sitecustomize.py').write_text(
        'import importlib.machinery, importlib.util\n'
        'find_spec = importlib.util.find_spec\n'
        "spec = importlib.machinery.ModuleSpec('mmcv._ext', None)\n"
        'importlib.util.find_spec = lambda name, *package: (\n'
        "    spec if name == 'mmcv._ext' else find_spec(name, *package))\n"
    )
    result = subprocess.run(
        [sys.executable, ROOT / 'tools/test.py', '--help'],
        env={'PYTHONPATH': f'{tmp_path}:{ROOT}', 'PATH': ''},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith('Error: The compiled operators of mmcv do not load')
