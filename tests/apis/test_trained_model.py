# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from copy import deepcopy

import pytest
import torch

from conftest import load_config
from sdpose.apis.trained_model import load_trained_model
from sdpose.errors import InputError


@pytest.fixture
def cfg():
    return load_config('sdpose-toy')


def test_model_has_the_weights_and_the_keypoints_of_its_data_set(cfg, toy_checkpoint):
    model = load_trained_model(cfg, toy_checkpoint)
    assert not model.training
    weights = torch.load(toy_checkpoint, weights_only=True)['state_dict']
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name])
    assert model.dataset_meta['keypoint_id2name'][0] == 'nose'


def test_config_is_not_changed(cfg, toy_checkpoint):
    cfg.model.backbone.init_cfg = dict(type='Kaiming', layer='Conv2d')
    before = deepcopy(cfg.to_dict())
    load_trained_model(cfg, toy_checkpoint)
    assert cfg.to_dict() == before


def test_wrong_configs(cfg, toy_checkpoint):
    with pytest.raises(InputError, match='belongs to another model'):
        load_trained_model(load_config('sdpose-t'), toy_checkpoint)
    cfg.test_dataloader.dataset.data_mode = 'bottomup'
    with pytest.raises(InputError, match='is no top-down model: it does not take boxes'):
        load_trained_model(cfg, toy_checkpoint)
    cfg.pop('test_dataloader')
    with pytest.raises(InputError, match='no whole config'):
        load_trained_model(cfg, toy_checkpoint)


def test_head_without_a_codec_is_no_pose_model(cfg, toy_checkpoint):
    cfg.model.neck = None
    cfg.model.head = dict(
        type='HeatmapHead', in_channels=64, out_channels=17, deconv_out_channels=None
    )
    with pytest.raises(InputError, match='has no head with a decoder'):
        load_trained_model(cfg, toy_checkpoint)
