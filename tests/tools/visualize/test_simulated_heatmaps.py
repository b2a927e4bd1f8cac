# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config
from visualize.simulated_heatmaps import heatmap_pair, main

from conftest import CONFIGS, TOY_CONFIG, build_model
from sdpose import InputError

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


@pytest.fixture
def person(toy_coco):
    return next((toy_coco / 'val2017').iterdir())


def test_heatmaps_are_those_of_teacher_and_student(teacher, weights):
    config = Config.fromfile(CONFIG)
    config.model.teacher.checkpoint = str(weights / 'teacher.pth')
    config.model.backbone.pop('init_cfg', None)
    from mmpose.registry import MODELS

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


def test_figure_is_the_same_every_time(weights, person, tmp_path):
    def draw(name, *options):
        inputs = [CONFIG, weights / 'student.pth', person, tmp_path / name]
        teacher = f'model.teacher.checkpoint={weights / "teacher.pth"}'
        main([*map(str, inputs), '--device', 'cpu', *options, '--cfg-options', teacher])
        return (tmp_path / name).read_bytes()

    assert draw('a.png') == draw('b.png')
    assert draw('c.png', '--keypoint', 'nose') != draw('d.png', '--keypoint', 'left_eye')


def test_wrong_input(weights, toy_checkpoint, person, tmp_path):
    out = str(tmp_path / 'a.png')
    with pytest.raises(InputError, match='it is no DistilPose'):
        main([str(TOY_CONFIG), str(toy_checkpoint), str(person), out])
    student = [str(CONFIG), str(weights / 'student.pth'), str(person), out]
    missing = f'model.teacher.checkpoint={tmp_path / "no.pth"}'
    with pytest.raises(InputError, match='There is no teacher checkpoint'):
        main([*student, '--cfg-options', missing])
    with pytest.raises(InputError, match='no keypoint tail'):
        main([*student, '--keypoint', 'tail'])
