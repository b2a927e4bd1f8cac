# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.registry import MODELS

from conftest import CONFIGS, build_model
from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.person_crop import PersonCrop
from sdpose.figures.simulated_heatmaps import (
    SOME_KEYPOINTS,
    draw_simulated_heatmaps,
    heatmap_pair,
)

CONFIG = next(CONFIGS.rglob('td-reg_distilpose-toy_*.py'))
TEACHER_CONFIG = next(CONFIGS.rglob('td-hm_tokenpose-toy_*.py'))


@pytest.fixture(scope='module')
def teacher():
    torch.manual_seed(3)
    model = build_model(Config.fromfile(TEACHER_CONFIG)).eval()
    with torch.no_grad():
        model.head.mlp[-1].bias.normal_()
    return model


@pytest.fixture(scope='module')
def student():
    return build_model(Config.fromfile(CONFIG)).eval()


@pytest.fixture(scope='module')
def weights(teacher, student, tmp_path_factory):
    folder = tmp_path_factory.mktemp('weights')
    for name, model in dict(teacher=teacher, student=student).items():
        torch.save(dict(state_dict=model.state_dict()), folder / f'{name}.pth')
    return folder


def test_heatmaps_are_those_of_teacher_and_student(teacher, weights):
    config = Config.fromfile(CONFIG)
    config.model.teacher.checkpoint = str(weights / 'teacher.pth')
    model = MODELS.build(config.model).eval()
    inputs = torch.randn(1, 3, 128, 96, generator=torch.Generator().manual_seed(0))
    found = heatmap_pair(model, inputs)
    with torch.no_grad():
        expected = teacher(inputs, None, mode='tensor')[0].numpy()
        channels = model.head.mlp(model.extract_feat(inputs)[-1].keypoint)[0].numpy()
    np.testing.assert_allclose(found.teacher, expected, atol=1e-6)

    x, y, confidence, *raw_sigma = channels.T.astype(float)
    np.testing.assert_allclose(found.confidence, confidence, atol=1e-5)
    sigma = np.log1p(np.exp(raw_sigma)).T  # softplus
    np.testing.assert_allclose(found.sigma, sigma, atol=1e-5)
    center_x, center_y = 24 / (1 + np.exp(-x)), 32 / (1 + np.exp(-y))
    rows, columns = np.mgrid[:32, :24]
    for k in (0, 16):
        squares = ((columns - center_x[k]) / sigma[k, 0]) ** 2
        squares += ((rows - center_y[k]) / sigma[k, 1]) ** 2
        np.testing.assert_allclose(found.student[k], np.exp(-squares / 2), atol=1e-5)


@pytest.fixture(scope='module')
def inferencer(weights):
    options = {'model.teacher.checkpoint': str(weights / 'teacher.pth')}
    return PoseInferencer(CONFIG, weights / 'student.pth', 'cpu', cfg_options=options)


def test_one_column_a_keypoint(inferencer):
    image = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    crop = PersonCrop.of(inferencer, image, None)
    heatmaps = heatmap_pair(inferencer.model, crop.inputs)
    figure = draw_simulated_heatmaps(inferencer, crop, ['left_wrist', 'nose'])
    above, below = figure.axes[1:3], figure.axes[4:6]
    for teacher, student, index, name in zip(
        above, below, (9, 0), ('left_wrist', 'nose'), strict=True
    ):
        assert teacher.get_title().startswith(name)
        np.testing.assert_allclose(
            teacher.images[1].get_array(), heatmaps.teacher[index].clip(min=0)
        )
        np.testing.assert_allclose(student.images[1].get_array(), heatmaps.student[index])
        assert f'confidence {heatmaps.confidence[index]:.2f}' in student.get_title()
    by_default = draw_simulated_heatmaps(inferencer, crop)
    assert [axis.get_title().split('\n')[0] for axis in by_default.axes[1:7]] == [*SOME_KEYPOINTS]
    with pytest.raises(InputError, match='no keypoint tail'):
        draw_simulated_heatmaps(inferencer, crop, ['tail'])


def test_models_without_a_teacher(teacher):
    with pytest.raises(InputError, match='it is no DistilPose'):
        heatmap_pair(teacher, torch.zeros(1, 3, 128, 96))
    config = Config.fromfile(CONFIG)
    config.model.teacher.checkpoint = 'no.pth'
    with pytest.raises(InputError, match='There is no teacher checkpoint'):
        heatmap_pair(MODELS.build(config.model).eval(), torch.zeros(1, 3, 128, 96))
