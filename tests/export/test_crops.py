# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from copy import deepcopy

import pytest
import torch
from mmengine.config import Config
from peaked_model import save_peaked_checkpoint

from conftest import TOY_CONFIG
from sdpose.apis.trained_model import load_trained_model
from sdpose.engine.config_file import replace_data_root
from sdpose.errors import InputError
from sdpose.export.crops import dataset_crops, random_inputs


@pytest.fixture
def cfg():
    return Config.fromfile(TOY_CONFIG)


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    checkpoint = save_peaked_checkpoint(tmp_path_factory.mktemp('weights') / 'toy.pth')
    return load_trained_model(Config.fromfile(TOY_CONFIG), checkpoint)


def test_random_inputs_are_the_same_each_time():
    one, three = random_inputs((96, 128))
    assert (one.shape, three.shape) == ((1, 3, 128, 96), (3, 3, 128, 96))
    assert torch.equal(three, random_inputs((96, 128))[1])
    assert three.std() == pytest.approx(1, abs=0.02)


def test_crops_of_the_validation_set_need_no_detector(cfg, model, toy_coco, capsys):
    replace_data_root(cfg, str(toy_coco))
    cfg.val_dataloader.dataset.bbox_file = 'nowhere.json'
    (crops,) = dataset_crops(cfg, model, 3)
    assert crops.shape == (3, 3, 128, 96)
    assert -2.2 < crops.min() < crops.max() < 2.7  # normalized
    assert not torch.equal(crops[0], crops[1])
    assert capsys.readouterr().out == ''


def test_config_is_not_changed(cfg, model, toy_coco):
    replace_data_root(cfg, str(toy_coco))
    cfg.val_dataloader.dataset.bbox_file = 'detections.json'
    before = deepcopy(cfg.to_dict())
    dataset_crops(cfg, model, 1)
    assert cfg.to_dict() == before


def test_missing_data_set_is_said(cfg, model):
    cfg.val_dataloader.dataset.data_root = 'nowhere/'
    with pytest.raises(InputError, match='no data folder nowhere'):
        dataset_crops(cfg, model, 3)
