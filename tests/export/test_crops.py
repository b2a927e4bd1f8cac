# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config
from peaked_model import save_peaked_checkpoint

from conftest import TOY_CONFIG
from sdpose.apis.trained_model import load_trained_model
from sdpose.engine.config_file import replace_data_root
from sdpose.errors import InputError
from sdpose.export.crops import dataset_crops, folder_crops, random_inputs


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


def test_pictures_of_a_folder(cfg, model, tmp_path):
    for number in range(10):
        gray = np.full((128, 96, 3), 20 * number, dtype=np.uint8)
        cv2.imwrite(str(tmp_path / f'{number}.png'), gray)
    (tmp_path / 'notes.txt').touch()
    first, second = folder_crops(tmp_path, cfg, model, 9)
    assert (len(first), len(second)) == (8, 1)
    # the middle of the last one, normalized in the order red, green, blue
    expected = (180 - np.array([123.675, 116.28, 103.53])) / np.array([58.395, 57.12, 57.375])
    np.testing.assert_allclose(second[0, :, 64, 48], expected, atol=1e-4)


def test_folders_without_usable_pictures_are_refused(cfg, model, tmp_path):
    with pytest.raises(InputError, match='no folder'):
        folder_crops(tmp_path / 'nowhere', cfg, model, 3)
    empty = tmp_path / 'empty'
    empty.mkdir()
    with pytest.raises(InputError, match='There is no picture in'):
        folder_crops(empty, cfg, model, 3)
    (empty / 'broken.jpg').write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'broken\.jpg: the picture is broken'):
        folder_crops(empty, cfg, model, 3)
