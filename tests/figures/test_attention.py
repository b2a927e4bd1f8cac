# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config

from conftest import TOY_CONFIG, build_model
from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.attention import attention_map, choose_layers, draw_attention, weights_of
from sdpose.figures.attention_weights import LayerAttention, attention_of_cycles
from sdpose.figures.person_crop import PersonCrop


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


@pytest.fixture(scope='module')
def deep(tmp_path_factory):
    """A model of seven layers, which do not fit into one line, and a person."""
    options = {'model.neck.depth': 7, 'model.neck.test_cycles': 2}
    config = Config.fromfile(TOY_CONFIG)
    config.merge_from_dict(options)
    path = tmp_path_factory.mktemp('weights') / 'deep.pth'
    torch.save(dict(state_dict=build_model(config).state_dict()), path)
    inferencer = PoseInferencer(TOY_CONFIG, path, device='cpu', cfg_options=options)
    image = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    return inferencer, PersonCrop.of(inferencer, image, None)


def titles(figure, columns):
    """The first lines of the panels' titles, row by row."""
    names = [axis.get_title().split('\n')[0] for axis in figure.axes]
    return [names[i : i + columns] for i in range(0, len(names), columns)]


def in_cycle(cycle, *layers):
    return [f'layer {layer}, cycle {cycle}' for layer in layers]


def test_layers_from_left_to_right_and_the_last_cycle_on_top(deep):
    rest = [''] * 5
    grid = [in_cycle(2, *range(6)), in_cycle(1, *range(6))]
    grid += [[*in_cycle(2, 6), *rest], [*in_cycle(1, 6), *rest]]
    matrices = draw_attention(*deep, between='keypoints')
    assert titles(matrices, 6) == grid

    names = ['nose', 'left_wrist']
    maps = draw_attention(*deep, names=names)
    first_column = [*['nose (predicted)', ''] * 2, *['left_wrist (predicted)', ''] * 2]
    assert titles(maps, 7) == [
        [name, *row] for name, row in zip(first_column, grid * 2, strict=True)
    ]


def test_panels_show_the_attention_of_their_layer_cycle_and_head(deep):
    inferencer, crop = deep
    cycles = attention_of_cycles(inferencer.model, crop.inputs)
    above, below = draw_attention(*deep, between='keypoints', layers=[3], head=1).axes
    for axis, cycle in ((above, 1), (below, 0)):
        shown = axis.images[0].get_array()
        np.testing.assert_allclose(shown, cycles[cycle][3].weights[1, :17, :17])
        assert f'max {shown.max():.3f}' in axis.get_title()
    figure = draw_attention(*deep, layers=[3], names=['left_eye'])
    for axis, cycle in ((figure.axes[1], 1), (figure.axes[3], 0)):
        mean = cycles[cycle][3].weights.mean(0)
        shown = axis.images[1].get_array()  # upon the picture
        np.testing.assert_allclose(shown.ravel(), mean[1, 17:], rtol=1e-5)
