# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch

from sdpose.errors import InputError
from sdpose.figures.parameters import compare_parameters, distinct_names, read_layers


def save(path, *layers, **others):
    """A checkpoint of layers, each with two maps, a norm and a bias that do not count."""
    state_dict = {'backbone.conv.weight': torch.ones(3, 3), **others}
    for number, (first, second) in enumerate(layers):
        prefix = f'neck.layers.{number}.'
        state_dict[prefix + 'attention.qkv.weight'] = torch.tensor(first, dtype=torch.float32)
        state_dict[prefix + 'mlp.0.weight'] = torch.tensor(second, dtype=torch.float32)
        state_dict[prefix + 'mlp.0.bias'] = torch.full((2,), 1e3)
        state_dict[prefix + 'mlp_norm.weight'] = torch.ones(4)
    torch.save(dict(state_dict=state_dict), path)
    return path


def random_layers(seed, count=12):
    random = np.random.default_rng(seed)
    return [(random.normal(0, 0.02, (6, 4)), random.normal(0, 0.05, (4, 4))) for _ in range(count)]


@pytest.fixture
def checkpoints(tmp_path):
    return [save(tmp_path / f'{name}.pth', *random_layers(i)) for i, name in enumerate('ab')]


def test_layers_hold_the_weights_of_their_linear_maps(checkpoints):
    layers = read_layers(checkpoints[0])
    assert list(layers) == [f'neck.layers.{i}' for i in range(12)]  # 10 after 9
    for weights, (first, second) in zip(layers.values(), random_layers(0), strict=True):
        expected = np.concatenate([np.float32(first).ravel(), np.float32(second).ravel()])
        np.testing.assert_array_equal(weights, expected)


def cells_of(table):
    return [line.strip('| ').split(' | ') for line in table.splitlines()]


def test_table_and_figure(checkpoints):
    figure, table = compare_parameters(checkpoints, ['base', 'ours'], near_zero=0.02)
    head, _, *rows = cells_of(table)
    assert head[2:] == [
        'base variance',
        'ours variance',
        r'base \|w\| < 0.02',
        r'ours \|w\| < 0.02',
    ]
    assert len(rows) == len(figure.axes) == 12
    for number, row in enumerate(rows):
        weights = [
            np.concatenate([np.float32(part).astype(float).ravel() for part in layers[number]])
            for layers in (random_layers(0), random_layers(1))
        ]
        variances = [f'{np.mean((w - w.mean()) ** 2):.3e}' for w in weights]
        shares = [f'{100 * sum(abs(w) < 0.02) / 40:.1f}%' for w in weights]
        assert row == [f'neck.layers.{number}', '40', *variances, *shares]
        for density in figure.axes[number].patches[1::2]:  # the band, then two a checkpoint
            values, edges, _ = density.get_data()
            assert (values * np.diff(edges)).sum() == pytest.approx(1, abs=0.06)  # a few lie beyond


def test_near_zero_is_smaller_than_the_threshold(tmp_path):
    equal = save(tmp_path / 'equal.pth', ([[0.5, -0.5]], [[0.5, -0.5]]))
    other = save(tmp_path / 'other.pth', ([[0.0, 2.0]], [[-0.25, -5.5]]))
    _, table = compare_parameters([equal, other], near_zero=0.5)
    # mean -0.9375; squared distances 0.879, 8.629, 0.473, 20.816
    expected = ['neck.layers.0', '4', '2.500e-01', '7.699e+00', '0.0%', '50.0%']
    assert cells_of(table)[2] == expected


def test_checkpoints_that_cannot_be_compared(checkpoints, tmp_path):
    def fails(message, second, **options):
        with pytest.raises(InputError, match=message):
            compare_parameters([checkpoints[0], second], **options)

    shallow = save(tmp_path / 'shallow.pth', *random_layers(0, count=2))
    fails(r'size of neck\.layers\.2: 40 and 0 weights', shallow)
    deep = save(tmp_path / 'deep.pth', *random_layers(0, count=13))
    fails(r'size of neck\.layers\.12: 0 and 40 weights', deep)
    wide = save(tmp_path / 'wide.pth', *[(np.ones((9, 4)), np.ones((4, 4)))] * 12)
    fails(r'size of neck\.layers\.0: 40 and 52 weights', wide)
    fails('has no transformer layers', save(tmp_path / 'none.pth'))
    fails('There is no checkpoint', tmp_path / 'no.pth')
    diverged = save(tmp_path / 'diverged.pth', (np.full((6, 4), np.nan), np.ones((4, 4))))
    fails(r'diverged\.pth: the weight neck\.layers\.0.* is not finite \(NaN\)', diverged)
    fails('must be positive', checkpoints[1], near_zero=0)
    name = 'keypoint_head.tokenpose.transformer.layers.0.0.fn.fn.to_qkv.weight'
    published = save(tmp_path / 'published.pth', **{name: torch.ones(2, 2)})
    fails('published names of TokenPose. Convert it first', published)


def test_names(tmp_path):
    assert distinct_names([tmp_path / 'a.pth', tmp_path / 'b.pth']) == ['a', 'b']
    same = [tmp_path / 'one' / 'epoch_300.pth', tmp_path / 'two' / 'epoch_300.pth']
    assert distinct_names(same) == ['one/epoch_300', 'two/epoch_300']
