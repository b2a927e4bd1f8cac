# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import importlib.util
import subprocess
import sys

import pytest
import torch

from conftest import ROOT

CHECK = """
import sys
import sdpose.plugin
from mmpose.registry import MODELS
for name in ('StemNet', 'MultiCycledTransformer', 'TokenHeatmapHead', 'EDPoseHead', 'RTMOHead'):
    assert MODELS.get(name) is not None, name
fakes = [name for name, module in sys.modules.items() if 'Stand-in' in (module.__doc__ or '')]
assert not fakes, fakes
assert 'timm' not in sys.modules
"""


def test_import_is_quiet_registers_and_leaves_no_fake_module():
    result = subprocess.run(
        [sys.executable, '-W', 'default::UserWarning', '-c', CHECK],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (result.returncode, result.stdout) == (0, ''), result.stderr
    assert 'Fail to import' not in result.stderr


@pytest.mark.skipif(
    importlib.util.find_spec('mmcv._ext') is not None, reason='a full mmcv is installed'
)
def test_stand_in_says_what_is_missing_when_used():
    from mmpose.models.heads.transformer_heads import edpose_head

    with pytest.raises(ImportError, match='needs a full mmcv with compiled ops'):
        edpose_head.MultiScaleDeformableAttention(256)


@pytest.mark.skipif(
    importlib.util.find_spec('torchvision') is not None, reason='torchvision is installed'
)
def test_torchvision_is_not_faked_for_others():
    with pytest.raises(ModuleNotFoundError):
        importlib.import_module('torchvision')


@pytest.mark.skipif(
    importlib.util.find_spec('torchvision') is None, reason='torchvision is not installed'
)
def test_torchvision_works_or_says_that_its_operators_do_not():
    import torchvision.transforms

    boxes = torch.tensor([[0.0, 0, 1, 1], [0, 0, 1, 1]])
    try:
        assert torchvision.ops.nms(boxes, torch.tensor([0.5, 0.6]), 0.5).tolist() == [1]
    except RuntimeError as error:
        assert "Couldn't load custom C++ ops" in str(error), error
