# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS
from torch import nn

from conftest import CONFIGS, TOY_CONFIG, build_model, load_config
from sdpose.apis import PoseInferencer
from sdpose.engine import config_file
from sdpose.errors import InputError
from sdpose.figures.feature_maps import activations, choose_channels, draw_feature_maps
from sdpose.figures.person_crop import PersonCrop

HRNET = 'mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_hrnet-w32_8xb64-210e_coco-256x192.py'
STUDENT = next(CONFIGS.rglob('td-reg_distilpose-toy_*.py'))


class Giving(nn.Module):
    """A backbone that gives what it is told to."""

    def __init__(self, given):
        super().__init__()
        self.given = given

    def forward(self, _inputs):
        return self.given


def test_absolute_values_of_the_last_map():
    values = torch.arange(-12.0, 12).reshape(1, 2, 3, 4)
    expected = values[0].abs().numpy()
    for given in (values, (values,), [torch.zeros(1, 9, 9, 9), values]):
        np.testing.assert_array_equal(activations(Giving(given), values), expected)
    image = torch.randn(1, 3, 8, 6)
    identity = MODELS.build(dict(type='IdentityBackbone'))
    np.testing.assert_array_equal(activations(identity, image), image[0].abs().numpy())


@pytest.mark.parametrize(
    ('given', 'what'),
    [
        ((torch.zeros(1, 9, 9),), '3 dimensions'),
        (([torch.zeros(1, 9, 9, 9), torch.zeros(1, 9)],), 'list'),
        ((), 'tuple'),
        (None, 'NoneType'),
    ],
)
def test_backbones_without_a_map(given, what):
    with pytest.raises(InputError, match=f'backbone Giving gives no feature map .*, but {what}'):
        activations(Giving(given), torch.zeros(1, 3, 8, 8))


@pytest.mark.parametrize(
    ('name', 'shape'),
    [
        ('sdpose-s-v1', (256, 16, 8)),
        ('sdpose-b', (32, 16, 8)),  # HRNetStage3
        ('tokenpose-t', (3, 64, 32)),  # the image itself
        ('deeppose-r50-baseline', (2048, 2, 1)),
        (HRNET, (32, 16, 8)),
    ],
)
def test_backbones_of_the_configs(name, shape):
    config = config_file.load_config(name) if name == HRNET else load_config(name)
    backbone = build_model(config).eval().backbone
    assert activations(backbone, torch.randn(1, 3, 64, 32)).shape == shape


def test_strongest_channels_first():
    activation = np.zeros((4, 2, 2))
    activation[:, 0, 0] = [1, 3, 0, 3]
    activation[2] = 1  # its mean is the largest, not its maximum
    assert choose_channels(activation, None, 3) == [2, 1, 3]
    assert choose_channels(activation, [3, 0], 1) == [3, 0]
    for channel in (4, -1):
        with pytest.raises(InputError, match=f'--channels {channel}: the channels are 0 to 3'):
            choose_channels(activation, [channel], 1)


@pytest.fixture(scope='module', params=[TOY_CONFIG, STUDENT])
def person(request, tmp_path_factory):
    """A model, with or without a teacher, and its crop."""
    path = tmp_path_factory.mktemp('weights') / 'a.pth'
    model = build_model(Config.fromfile(request.param))
    torch.save(dict(state_dict=model.state_dict()), path)
    inferencer = PoseInferencer(request.param, path, device='cpu')
    image = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    return inferencer, PersonCrop.of(inferencer, image, None)


def test_crop_mean_and_channels(person):
    inferencer, crop = person
    with torch.no_grad():
        (expected,) = inferencer.model.backbone(crop.inputs)[-1].abs().numpy()
    figure = draw_feature_maps(inferencer, crop, [5, 0], names=['left_wrist', 'nose'])
    fields = [expected.mean(0), expected[5], expected[0]]
    titles = ['mean of 64 channels', 'channel 5', 'channel 0']
    first, *others = figure.axes
    np.testing.assert_array_equal(first.images[0].get_array(), crop.picture)
    for axis, field, title in zip(others, fields, titles, strict=True):
        np.testing.assert_allclose(axis.images[1].get_array(), field, rtol=1e-5)
        assert axis.get_title() == f'{title}\nmax {field.max():.3g}'
        np.testing.assert_array_equal(axis.lines[0].get_xydata(), crop.keypoints[[9, 0]])
    assert figure.get_suptitle() == 'StemNet: |activation| of the last feature map, 32x24'

    strongest = np.argsort(-expected.mean((1, 2)))[:7]
    shown = [axis.get_title().split('\n')[0] for axis in draw_feature_maps(*person, number=7).axes]
    assert shown[:2] == ['input', 'mean of 64 channels']
    assert shown[2:] == [f'channel {channel}' for channel in strongest] + [''] * 3
    with pytest.raises(InputError, match='no keypoint tail'):
        draw_feature_maps(inferencer, crop, names=['tail'])
    with pytest.raises(InputError, match='--number 0: at least one channel'):
        draw_feature_maps(inferencer, crop, number=0)
