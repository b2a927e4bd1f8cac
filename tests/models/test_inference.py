# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""See also tests/configs: every config predicts the same when it is prepared."""

import platform

import pytest
import torch

from conftest import build_model, load_config
from sdpose.models import inference
from sdpose.models.inference import prepare_for_inference, prepare_to_run
from sdpose.models.packed_linear import PROCESSORS


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build_model(load_config('sdpose-toy')).eval()


@torch.no_grad()
def heatmaps_of(model, images):
    return model.head(model.extract_feat(images))


def test_half_precision_is_near_and_weights_are_turned_once(model):
    images = torch.randn(2, 3, 128, 96, generator=torch.Generator().manual_seed(1))
    expected = heatmaps_of(model, images)
    prepare_for_inference(model, torch.bfloat16)
    assert model.backbone.conv1.weight.dtype == torch.bfloat16
    assert model.neck.layers[0].mlp[0].weight.dtype == torch.bfloat16
    assert model.neck.layers[0].mlp_norm.weight.dtype == torch.float32
    with torch.autocast('cpu', torch.bfloat16):
        found = heatmaps_of(model, images)
    assert found.dtype == torch.float32
    assert (found - expected).abs().max() < 0.02 * expected.abs().max()


def test_linear_layers_are_packed_unless_the_model_is_compiled(model, monkeypatch):
    compiled = []
    monkeypatch.setattr(inference, 'compile_network', lambda _, settings: compiled.append(settings))
    images = torch.randn(2, 3, 128, 96, generator=torch.Generator().manual_seed(1))
    expected = heatmaps_of(model, images)
    layer = model.neck.layers[0].mlp[0]
    prepare_to_run(model, None, compiled=dict(backend='eager'))
    assert compiled == [dict(backend='eager')]
    assert 'forward' not in vars(layer)
    prepare_to_run(model, None, compiled=None)
    assert len(compiled) == 1
    assert ('forward' in vars(layer)) == (platform.machine() in PROCESSORS)
    torch.testing.assert_close(heatmaps_of(model, images), expected, rtol=0, atol=1e-5)
