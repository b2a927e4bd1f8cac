# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import platform

import pytest
import torch
from torch import nn

from sdpose.models import packed_linear
from sdpose.models.packed_linear import pack_linear_layers

pytestmark = pytest.mark.skipif(
    platform.machine() not in packed_linear.PROCESSORS, reason='another processor'
)


@pytest.fixture
def layers():
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(24, 40), nn.GELU(), nn.Linear(40, 7, bias=False))
    return layers.eval().requires_grad_(requires_grad=False)


@pytest.mark.parametrize('shape', [(24,), (3, 24), (2, 5, 24), (0, 24)])
def test_packed_layers_compute_the_same(layers, shape):
    values = torch.randn(shape)
    expected = layers(values)
    pack_linear_layers(layers)
    torch.testing.assert_close(layers(values), expected, atol=1e-6, rtol=1e-5)
    torch.testing.assert_close(layers(values[..., None, :])[..., 0, :], expected)


def test_half_precision_reads_single_precision(layers):
    values = torch.randn(6, 24)
    expected = layers(values)
    layers.bfloat16()
    pack_linear_layers(layers)
    found = layers(values)
    assert found.dtype == torch.bfloat16
    torch.testing.assert_close(found.float(), expected, atol=0.02, rtol=0.02)


def test_names_and_weights_stay(layers):
    before = {name: weight.clone() for name, weight in layers.state_dict().items()}
    pack_linear_layers(layers)
    assert layers.state_dict().keys() == before.keys()
    assert all(layers.state_dict()[name].equal(weight) for name, weight in before.items())


def test_others_are_left_as_they_are(layers, monkeypatch):
    elsewhere = layers.to('meta')
    pack_linear_layers(elsewhere)
    assert elsewhere(torch.zeros(1, 24, device='meta')).shape == (1, 7)
    of_float64 = nn.Linear(3, 2).double()
    pack_linear_layers(of_float64)
    assert of_float64(torch.zeros(1, 3, dtype=torch.float64)).dtype == torch.float64
    monkeypatch.setattr(platform, 'machine', lambda: 'arm64')
    on_arm = nn.Linear(3, 2)
    pack_linear_layers(on_arm)
    assert 'forward' not in vars(on_arm)
