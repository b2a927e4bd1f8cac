# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Our models give the outputs of the published implementations, from the same weights."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from conftest import GOLDEN, build_model, load_config
from data.golden.weights import golden_input, published_state_dict
from sdpose.checkpoints.compatibility import load_strictly
from sdpose.checkpoints.converter import LAYOUTS, convert_published, recognise_layout
from sdpose.errors import InputError

MODELS = {
    'tokenpose-s-v1': 'tokenpose_s_v1',
    'tokenpose-t': 'tokenpose_t',
    'sdpose-s-v1': 'sdpose_s_v1',
    'sdpose-t': 'sdpose_t',
    'ppt-s': 'ppt_s',
    'distilpose-s-student': 'distilpose_s',
}
# Layouts of the authors' own repositories: our config, golden numbers, and what to rename in those
# that are of another layout.
OTHER_NAMES = {'backbone.': 'pre_feature.', 'keypoint_head.tokenpose.': 'transformer.'}
NO_RESIDUAL = {
    'transformer_layer1.': 'transformer.',
    '.0.fn.norm.': '.0.norm.',
    '.fn.fn.to_': '.fn.to_',
}
OWN_REPOSITORIES = [
    ('TokenPose-S', 'tokenpose-s-v1', 'repo_tokenpose_s_v1', {}),
    ('TokenPose-S', 'tokenpose-s-v1-original', 'repo_tokenpose_s_v1', {}),
    ('TokenPose-T, -B or -L', 'tokenpose-t', 'tokenpose_t', OTHER_NAMES),
    ('TokenPose-T, -B or -L', 'tokenpose-s-v1', 'tokenpose_s_v1', OTHER_NAMES),
    ('TokenPose-T, -B or -L', 'tokenpose-s-v1-original', 'tokenpose_s_v1', OTHER_NAMES),
    ('PPT-S', 'ppt-s', 'repo_ppt_s', {}),
    ('PPT-B', 'ppt-s', 'ppt_s', OTHER_NAMES | NO_RESIDUAL),
]
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


def own_repository_model(config, golden, renames):
    """Build a model with weights that have the names of their authors' own repository."""
    model = build_model(load_config(config)).eval()
    published = published_state_dict(GOLDEN / f'{golden}.json')
    for old, new in renames.items():
        published = {name.replace(old, new): weights for name, weights in published.items()}
    converted = convert_published(published, neck=model.neck)
    load_strictly(model, converted.state_dict, golden)
    return model, converted.layout


@pytest.mark.parametrize(('layout', 'config', 'golden', 'renames'), OWN_REPOSITORIES)
@torch.no_grad()
def test_outputs_from_the_names_of_own_repositories(layout, config, golden, renames):
    model, recognised = own_repository_model(config, golden, renames)
    assert recognised.name == f'{layout} of its own repository'
    heatmap = model(golden_input(), None, mode='tensor')
    assert_close(heatmap[:, :, ::4, ::4], np.load(GOLDEN / f'{golden}.npz')['heatmap'])


def test_every_layout_has_golden_numbers():
    tested = {f'{layout} of its own repository' for layout, *_ in OWN_REPOSITORIES}
    for golden in MODELS.values():
        tested.add(recognise_layout(published_state_dict(GOLDEN / f'{golden}.json')).name)
    assert tested == {layout.name for layout in LAYOUTS}


def scale_attention_by_head_dim(neck):
    for layer in neck.layers:
        layer.attention.query_gain = neck.layers[0].attention.num_heads ** 0.5


def put_columns_before_rows(neck):
    dim = neck.positions.shape[-1]
    neck.positions = neck.positions.roll(dim // 2, -1)


def flatten_patches_channels_first(neck):
    weight = neck.patch_embedding.weight
    weight.copy_(weight.view(len(weight), -1, neck.in_channels).transpose(1, 2).flatten(1))


@pytest.mark.parametrize(
    'spoil',
    [scale_attention_by_head_dim, put_columns_before_rows, flatten_patches_channels_first],
)
@torch.no_grad()
def test_golden_numbers_tell_what_names_do_not(spoil):
    model, _ = own_repository_model('tokenpose-s-v1', 'repo_tokenpose_s_v1', {})
    spoil(model.neck)
    heatmap = model(golden_input(), None, mode='tensor')[:, :, ::4, ::4].numpy()
    golden = np.load(GOLDEN / 'repo_tokenpose_s_v1.npz')['heatmap']
    assert np.abs(heatmap - golden).max() > 10 * TOLERANCE * np.abs(golden).max()


@pytest.mark.parametrize(
    ('golden', 'config', 'message'),
    [
        ('repo_ppt_s', 'tokenpose-s-v1', 'drop visual tokens, but those of this config do not'),
        ('repo_tokenpose_s_v1', 'ppt-s', 'keep all visual tokens, but .* drop some'),
        ('tokenpose_s_v1', 'ppt-s', 'keep all visual tokens'),
    ],
)
def test_pruning_is_the_layouts(golden, config, message):
    neck = build_model(load_config(config)).neck
    with pytest.raises(InputError, match=message):
        convert_published(published_state_dict(GOLDEN / f'{golden}.json'), neck=neck)


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
