# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Our models give the outputs of the published implementations, from the same weights."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import GOLDEN, build_model, load_config
from data.golden.weights import golden_input, published_state_dict
from sdpose.checkpoints.converter import convert_published

MODELS = {
    'tokenpose-s-v1': 'tokenpose_s_v1',
    'tokenpose-t': 'tokenpose_t',
    'sdpose-s-v1': 'sdpose_s_v1',
    'sdpose-t': 'sdpose_t',
    'ppt-s': 'ppt_s',
    'distilpose-s-student': 'distilpose_s',
}
HEATMAP_MODELS = [name for name in MODELS if not name.startswith('distilpose')]
TOLERANCE = 1e-4  # of the largest value of the array


def golden_model(name: str) -> nn.Module:
    """Build a model with the golden weights, set to run all its cycles."""
    model = build_model(load_config(name)).eval()
    published = published_state_dict(GOLDEN / f'{MODELS[name]}.json')
    model.load_state_dict(convert_published(published).state_dict)
    model.neck.test_cycles = model.neck.num_cycles
    return model


def count_trainable(name: str) -> int:
    model = build_model(load_config(name))
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def assert_close(ours: Tensor, golden: np.ndarray) -> None:
    """Compare relative to the golden array's own scale."""
    assert ours.shape == golden.shape
    assert np.abs(ours.numpy() - golden).max() <= TOLERANCE * np.abs(golden).max()


@pytest.mark.parametrize('name', HEATMAP_MODELS)
@torch.no_grad()
def test_outputs_of_every_cycle(name):
    model = golden_model(name)
    golden = np.load(GOLDEN / f'{MODELS[name]}.npz')
    image = golden_input()
    if 'feature' in golden:
        assert_close(model.backbone(image)[-1][:, ::8, ::8, ::8], golden['feature'])
    cycles = model.extract_feat(image)
    suffixes = [''] if 'heatmap' in golden else [f'_{i}' for i in range(len(cycles))]
    assert len(cycles) == model.neck.num_cycles == len(suffixes)
    for index, suffix in enumerate(suffixes):
        tokens = cycles[index]
        assert_close(tokens.keypoint[:, :, ::8], golden[f'kpt{suffix}'])
        assert_close(tokens.visual[:, ::16, ::8], golden[f'vis{suffix}'])
        heatmap = model.head(cycles[: index + 1])
        assert_close(heatmap[:, :, ::4, ::4], golden[f'heatmap{suffix}'])


@torch.no_grad()
def test_outputs_of_the_regression_model():
    model = golden_model('distilpose-s-student')
    golden = np.load(GOLDEN / 'distilpose_s.npz')
    image = golden_input()
    assert_close(model.backbone(image)[-1][:, ::8, ::8, ::8], golden['feature'])
    (tokens,) = model.extract_feat(image)
    assert_close(tokens.keypoint[:, :, ::8], golden['kpt'])
    assert_close(tokens.visual[:, ::16, ::8], golden['vis'])
    output = model(image, None, mode='tensor')
    assert_close(output.coordinate, golden['coord'])
    assert_close(output.confidence, golden['score'])
    assert_close(output.sigma, golden['sigma'])


@torch.no_grad()
def test_test_cycles_chooses_the_predicting_cycle():
    model = golden_model('sdpose-s-v1')
    golden = np.load(GOLDEN / 'sdpose_s_v1.npz')
    for cycle in (0, 1):
        model.neck.test_cycles = cycle + 1
        heatmap = model(golden_input(), None, mode='tensor')
        assert_close(heatmap[:, :, ::4, ::4], golden[f'heatmap_{cycle}'])


@pytest.mark.parametrize('name', MODELS)
def test_trainable_parameters_equal_the_published(name):
    published = json.loads((GOLDEN / f'{MODELS[name]}.json').read_text())
    assert count_trainable(name) == published['trainable_parameters']


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('tokenpose-s-v1', 6_620_736),
        ('tokenpose-s-v2', 6_227_520),
        ('tokenpose-b', 13_465_216),
        ('tokenpose-t', 5_816_448),
        ('sdpose-t', 4_398_528),
        ('sdpose-s-v1', 6_620_736),
        ('sdpose-s-v1-3cycle', 6_620_736),
        ('sdpose-s-v2', 6_227_520),
        ('sdpose-b', 13_465_216),
        ('sdpose-t-v2', 5_816_448),
        ('ppt-s', 6_620_736),
        ('ppt-b', 13_465_216),
        ('sdpose-s-v1-ppt', 6_620_736),
        ('distilpose-s', 5_364_101),
        ('distilpose-s-student', 5_364_101),
        ('distilpose-l', 21_265_637),
    ],
)
def test_trainable_parameters_of_every_full_size_model(name, expected):
    assert count_trainable(name) == expected
