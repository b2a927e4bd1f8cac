# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from visualize.parameters import distinct_names, main, read_layers, summarise

from sdpose import InputError


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


def test_summary():
    summary = summarise(
        np.array([0.0, 0.02, -0.005, -0.055]), near_zero=0.01, layer='neck.layers.0'
    )
    # mean -0.01; squared distances 1, 9, 0.25, 20.25 times 1e-4
    assert summary.count == 4
    assert summary.variance == pytest.approx(7.625e-4)
    assert summary.near_zero == 0.5
    equal = summarise(np.array([0.01, -0.01]), 0.01, 'neck.layers.0')
    assert equal.near_zero == 0  # smaller, not equal
    with pytest.raises(InputError, match=r'Weights of neck\.layers\.0 are not numbers'):
        summarise(np.array([0, np.nan]), 0.01, 'neck.layers.0')


def test_table_and_figure(checkpoints, tmp_path, capsys):
    out = tmp_path / 'new' / 'a.png'
    main([*map(str, checkpoints), str(out), '--names', 'base', 'ours', '--near-zero', '0.02'])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split(' | ')[2:] == [
        'base variance',
        'ours variance',
        r'base \|w\| < 0.02',
        r'ours \|w\| < 0.02 |',
    ]
    for number, line in enumerate(lines[2:14]):
        weights = [
            np.concatenate([np.float32(part).astype(float).ravel() for part in layers[number]])
            for layers in (random_layers(0), random_layers(1))
        ]
        cells = [f'neck.layers.{number}', '40']
        cells += [f'{np.mean((w - w.mean()) ** 2):.3e}' for w in weights]
        cells += [f'{100 * sum(abs(w) < 0.02) / 40:.1f}%' for w in weights]
        assert line == f'| {" | ".join(cells)} |'

    again = tmp_path / 'b.png'
    main([*map(str, checkpoints), str(again), '--names', 'base', 'ours', '--near-zero', '0.02'])
    assert out.read_bytes() == again.read_bytes()


def test_checkpoints_that_cannot_be_compared(checkpoints, tmp_path):
    def fails(message, second, *options, out='a.png'):
        with pytest.raises(InputError, match=message):
            main([str(checkpoints[0]), str(second), str(tmp_path / out), *options])

    shallow = save(tmp_path / 'shallow.pth', *random_layers(0, count=2))
    fails(r'12 up to neck\.layers\.11, and 2 up to neck\.layers\.1', shallow)
    wide = save(tmp_path / 'wide.pth', *[(np.ones((9, 4)), np.ones((4, 4)))] * 12)
    fails(r'size of neck\.layers\.0: 40 and 52 weights', wide)
    fails('has no transformer layers', save(tmp_path / 'none.pth'))
    fails('There is no checkpoint', tmp_path / 'no.pth')
    fails('must be positive', checkpoints[1], '--near-zero', '0')
    fails('must end in', checkpoints[1], out='a.bmp')
    name = 'keypoint_head.tokenpose.transformer.layers.0.0.fn.fn.to_qkv.weight'
    published = save(tmp_path / 'published.pth', **{name: torch.ones(2, 2)})
    fails('published names of TokenPose. Convert it first', published)


def test_names(tmp_path):
    assert distinct_names([tmp_path / 'a.pth', tmp_path / 'b.pth']) == ['a', 'b']
    same = [tmp_path / 'one' / 'epoch_300.pth', tmp_path / 'two' / 'epoch_300.pth']
    assert distinct_names(same) == ['one/epoch_300', 'two/epoch_300']
