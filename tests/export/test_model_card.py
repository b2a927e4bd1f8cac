# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import pytest
from mmengine.config import Config
from peaked_model import save_peaked_checkpoint

from conftest import TOY_CONFIG
from sdpose.apis.trained_model import load_trained_model
from sdpose.errors import InputError
from sdpose.export.deploy_model import DeployModel
from sdpose.export.model_card import model_card


@pytest.fixture
def cfg():
    return Config.fromfile(TOY_CONFIG)


@pytest.fixture(scope='module')
def model(tmp_path_factory):
    checkpoint = save_peaked_checkpoint(tmp_path_factory.mktemp('weights') / 'toy.pth')
    return DeployModel(load_trained_model(Config.fromfile(TOY_CONFIG), checkpoint))


def test_content(cfg, model):
    card = json.loads(json.dumps(model_card(cfg, model, 'fp32')))
    assert card['config'] == TOY_CONFIG.stem
    assert card['input_size'] == [96, 128]
    assert card['mean'] == [123.675, 116.28, 103.53]
    assert card['std'] == [58.395, 57.12, 57.375]
    assert card['bgr_to_rgb'] is True
    assert (card['box_padding'], card['use_udp']) == (1.1, False)
    assert (card['output_kind'], card['output_names']) == ('heatmap', ['heatmaps'])
    assert card['codec'] == dict(
        type='MSRAHeatmap',
        input_size=[96, 128],
        heatmap_size=[24, 32],
        sigma=1.5,
        unbiased=True,
        blur_kernel_size=11,
    )
    names = card['keypoint_names']
    assert (len(names), names[0], names[9]) == (17, 'nose', 'left_wrist')
    assert names[card['flip_indices'][9]] == 'right_wrist'
    assert [names.index('left_ankle'), names.index('left_knee')] in card['skeleton']
    assert len(card['skeleton']) == len(card['skeleton_colors']) == 19
    assert len(card['keypoint_colors']) == 17


def test_defaults_of_the_pipeline(cfg, model):
    cfg.test_dataloader.dataset.pipeline[1].pop('padding')
    cfg.test_dataloader.dataset.pipeline[2].use_udp = True
    card = model_card(cfg, model, 'fp32')
    assert (card['box_padding'], card['use_udp']) == (1.25, True)


def test_pipeline_without_a_crop_is_refused(cfg, model):
    del cfg.test_dataloader.dataset.pipeline[2]
    with pytest.raises(InputError, match='has no TopdownAffine'):
        model_card(cfg, model, 'fp32')


def test_data_set_with_other_keypoints_is_refused(cfg, model, monkeypatch):
    other = {**model.model.dataset_meta, 'keypoint_id2name': {0: 'nose'}}
    monkeypatch.setattr(model.model, 'dataset_meta', other)
    with pytest.raises(InputError, match=r'predicts 17 keypoints.*has 1'):
        model_card(cfg, model, 'fp32')
