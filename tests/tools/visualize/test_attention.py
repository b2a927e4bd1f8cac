# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from visualize.attention import attention_map, choose_layers, main, weights_of

from conftest import TOY_CONFIG, assert_one_sentence, run_tool
from sdpose import InputError
from sdpose.visualization.attention_weights import LayerAttention


@pytest.fixture
def person(toy_coco):
    return next((toy_coco / 'val2017').iterdir())


def uniform(num_tokens, visual, heads=2):
    weights = torch.full((heads, num_tokens, num_tokens), 1 / num_tokens)
    return LayerAttention(weights, torch.tensor(visual))


def test_map_shows_tokens_at_their_patches():
    weights = torch.zeros(2, 5, 5)
    weights[0, 1] = torch.tensor([0.1, 0.2, 0.3, 0.4, 0.0])  # of keypoint 1 of 2, in two heads
    weights[1, 1] = torch.tensor([0.1, 0.2, 0.1, 0.0, 0.6])
    attention = LayerAttention(weights, torch.tensor([5, 0, 3]))  # the most attended first
    nan = np.nan
    mean = attention_map(attention, 1, (2, 3))
    np.testing.assert_allclose(mean, [[0.2, nan, nan], [0.3, nan, 0.2]], rtol=1e-6)
    one = attention_map(attention, 1, (2, 3), head=1)
    np.testing.assert_allclose(one, [[0.0, nan, nan], [0.6, nan, 0.1]], rtol=1e-6)
    with pytest.raises(InputError, match='--head 2: the heads are 0 to 1'):
        weights_of(attention, 2)


def test_layers_are_chosen_in_every_cycle():
    first, second, third = (uniform(3, [0], heads) for heads in (1, 2, 3))
    cycles = [[first, second], [third, first]]
    assert choose_layers(cycles, None) == {0: [first, third], 1: [second, first]}
    assert choose_layers(cycles, [1]) == {1: [second, first]}
    with pytest.raises(InputError, match='--layers 2: the layers are 0 to 1'):
        choose_layers(cycles, [2])


@pytest.mark.parametrize(
    'options',
    [
        ['--keypoint', 'nose', 'left_wrist'],
        ['--between', 'keypoints'],
        ['--cfg-options', 'model.neck.pruning.keep_ratio=0.5', 'model.neck.pruning.layers=[0]'],
    ],
    ids=['image', 'keypoints', 'pruned'],
)
def test_figures_are_the_same_every_time(options, toy_checkpoint, person, tmp_path):
    paths = [tmp_path / 'a.png', tmp_path / 'b.png', tmp_path / 'one_cycle.png']
    for path, cycles in zip(paths, ('2', '2', '1'), strict=True):
        inputs = [TOY_CONFIG, toy_checkpoint, person, path]
        main([*map(str, inputs), '--device', 'cpu', '--test-cycles', cycles, *options])
    first, second, one_cycle = (path.read_bytes() for path in paths)
    assert first == second
    assert first != one_cycle


def test_wrong_input(toy_checkpoint, person, tmp_path):
    out = tmp_path / 'a.png'

    def fails(message, *options, image=person, out=out):
        with pytest.raises(InputError, match=message):
            main([*map(str, [TOY_CONFIG, toy_checkpoint, image, out]), *options])

    fails('Did you mean left_wrist', '--keypoint', 'left_wris')
    fails('layers are 0 to', '--layers', '7')
    fails('at least one must run', '--test-cycles', '0')
    fails("'1,2,3' is not four numbers", '--bbox', '1,2,3')
    fails('no picture', image=tmp_path / 'no.jpg')
    fails('must end in', out=tmp_path / 'a.txt')
    assert not out.exists()


def test_command_says_what_is_wrong(toy_checkpoint, person, tmp_path):
    tool = 'tools/visualize/attention.py'
    result = run_tool(tool, TOY_CONFIG, tmp_path / 'no.pth', person, tmp_path / 'a.png')
    assert_one_sentence(result, 'There is no checkpoint', 'no.pth')
