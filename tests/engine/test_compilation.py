# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from sdpose.engine.compilation import compile_network


class Network(nn.Module):
    def __init__(self):
        super().__init__()
        self.backbone, self.neck, self.head = nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(4, 5)

    def forward(self, inputs):
        return self.head(self.neck(self.backbone(inputs)))


@pytest.fixture
def traced(monkeypatch):
    """Names of the modules that torch compiles."""
    names = []
    monkeypatch.setattr(
        nn.Module, 'compile', lambda self, **settings: names.append((self, settings))
    )
    return names


@pytest.mark.parametrize('settings', [None, False])
def test_nothing_is_compiled_unasked(settings, traced):
    compile_network(Network(), settings)
    assert traced == []


@pytest.mark.parametrize('settings', [True, dict(mode='max-autotune'), {}])
def test_backbone_and_neck_are_compiled(settings, traced):
    model = Network()
    compile_network(nn.parallel.DataParallel(model) if settings == {} else model, settings)
    expected = {} if settings is True else settings
    assert traced == [(model.backbone, expected), (model.neck, expected)]


def test_compiled_networks_have_the_same_weights_and_outputs():
    torch.manual_seed(0)
    model, inputs = Network(), torch.randn(6, 2)
    expected, names = model(inputs), list(model.state_dict())
    compile_network(model, dict(backend='eager'))
    torch.testing.assert_close(model(inputs), expected)
    assert list(model.state_dict()) == names
