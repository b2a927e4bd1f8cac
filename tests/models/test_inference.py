# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""See also tests/configs: every config predicts the same when it is prepared."""

import pytest
import torch

from conftest import build_model, load_config
from sdpose.models.inference import prepare_for_inference


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
