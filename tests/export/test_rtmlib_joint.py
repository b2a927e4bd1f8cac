# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""rtmlib finds the poses that the runtime finds, to a quarter of a pixel."""

import importlib.util
import json
from functools import partial

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from colour_detector import HEIGHT, WIDTH, SeesColours, picture, save_onnx
from mmengine.config import Config
from peaked_model import peaked_model

from conftest import CONFIGS, TOY_CONFIG, build_model
from sdpose.errors import InputError
from sdpose.export import rtmlib_joint
from sdpose.export.exporter import export
from sdpose.export.rtmlib_joint import NormalizedAgain, SimCCVectors, check_crop
from sdpose.runtime.crop import CropRegion
from sdpose.runtime.onnx_model import OnnxPoseModel

REGRESSION_CONFIG = next(CONFIGS.rglob('td-reg_distilpose-toy-student_*.py'))
CARD = dict(bgr_to_rgb=True, mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375])
BOX = [30.0, 40.0, 70.5, 160.0]
needs_rtmlib = pytest.mark.skipif(
    importlib.util.find_spec('rtmlib') is None, reason='rtmlib is not installed'
)


@pytest.fixture(scope='module', params=['heatmaps', 'regression'])
def models(request, tmp_path_factory):
    """A folder with a model for our runtime and for rtmlib."""
    folder = tmp_path_factory.mktemp(request.param)
    cfg = Config.fromfile(TOY_CONFIG if request.param == 'heatmaps' else REGRESSION_CONFIG)
    model = peaked_model(apart=True) if request.param == 'heatmaps' else build_model(cfg)
    torch.save(dict(state_dict=model.state_dict()), folder / 'toy.pth')
    cfg.val_dataloader.dataset.data_root = 'nowhere/'
    cfg.test_dataloader.dataset.pipeline[1].padding = 1.25
    for name, target in (('ours', None), ('rtmlib', 'rtmlib')):
        exported = export(cfg, str(folder / 'toy.pth'), target=target)
        (folder / f'{name}.onnx').write_bytes(exported.graph)
        (folder / f'{name}.json').write_text(json.dumps(exported.card))
    return folder


def decoded(outputs):
    """What rtmlib reads from the vectors: keypoints in pixels of the crop, and scores."""
    keypoints = np.stack([vectors.argmax(-1) for vectors in outputs], axis=-1) / 2
    return keypoints, np.mean([vectors.max(-1) for vectors in outputs], axis=0)


def test_graph_gives_the_keypoints_and_scores(models):
    graph = onnx.load(models / 'rtmlib.onnx')
    onnx.checker.check_model(graph, full_check=True)
    region = CropRegion.around(BOX, 1.25, (96, 128))
    image = np.random.default_rng(0).integers(0, 256, (300, 200, 3), dtype=np.uint8)
    crop = (region.cut(image, (96, 128)) - rtmlib_joint.MEAN) / rtmlib_joint.STD  # BGR, as it does
    crops = np.repeat(crop.transpose(2, 0, 1)[None].astype(np.float32), 3, axis=0)
    session = onnxruntime.InferenceSession(models / 'rtmlib.onnx')
    outputs = session.run(['simcc_x', 'simcc_y'], {session.get_inputs()[0].name: crops})
    assert [output.shape for output in outputs] == [(3, 17, 2 * 96 + 1), (3, 17, 2 * 128 + 1)]
    keypoints, scores = decoded(outputs)
    (expected,) = OnnxPoseModel(models / 'ours.onnx')([image], [[BOX]])
    ours = region.to_crop(expected.keypoints[0], (96, 128)).clip(0, (96, 128))
    assert np.abs(keypoints - ours).max() <= 0.2501
    np.testing.assert_allclose(scores, np.repeat(expected.keypoint_scores, 3, axis=0), atol=1e-6)


def test_our_runtime_refuses_it(models):
    with pytest.raises(InputError, match=r"rtmlib\.json .*\"output_kind\" cannot be 'rtmlib'"):
        OnnxPoseModel(models / 'rtmlib.onnx')


@pytest.mark.parametrize('bgr_to_rgb', [True, False])
def test_pixels_are_normalized_as_the_model_wants_it(bgr_to_rgb):
    pixels = torch.arange(256).repeat(3, 1).reshape(1, 3, 16, 16)
    pixels = torch.stack([pixels[0, 0], pixels[0, 1].flip(0), pixels[0, 2].T])[None]
    crop = (pixels.numpy() - np.reshape(rtmlib_joint.MEAN, (3, 1, 1))) / np.reshape(
        rtmlib_joint.STD, (3, 1, 1)
    )
    card = dict(CARD, bgr_to_rgb=bgr_to_rgb, mean=[1.0, 2.0, 3.0], std=[10.0, 20.0, 30.0])
    found = NormalizedAgain(card)(torch.tensor(crop, dtype=torch.float32))
    channels = pixels.flip(1) if bgr_to_rgb else pixels
    mean, std = (torch.tensor(card[name])[:, None, None] for name in ('mean', 'std'))
    assert torch.equal(found, (channels - mean) / std)


def test_vectors_have_one_value():
    keypoints = torch.tensor([[[0.0, 0.0], [3.2, 4.8], [6.0, 8.0], [-5.0, 99.0], [1.0, 1.0]]])
    scores = torch.tensor([[0.5, 0.25, 1.0, 0.125, -0.5]])
    vectors = SimCCVectors((6, 8))(keypoints, scores)
    found, found_scores = decoded([vector.numpy() for vector in vectors])
    inside = [[0, 0], [3, 5], [6, 8], [0, 8]]  # what lies outside goes to the border
    assert found[0, :4].tolist() == inside
    assert found_scores.tolist() == [[0.5, 0.25, 1.0, 0.125, 0.0]]
    assert [(vector != 0).sum().item() for vector in vectors] == [5, 5]


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(box_padding=1.1), r'toy has boxes enlarged by 1\.1: .*the padding 1\.25'),
        (dict(use_udp=True), "toy has UDP's crops"),
    ],
)
def test_crops_that_rtmlib_does_not_make_are_refused(changes, message):
    card = dict(config='toy', box_padding=1.25, use_udp=False)
    check_crop(card)
    with pytest.raises(InputError, match=message):
        check_crop({**card, **changes})


@needs_rtmlib
def test_custom_of_rtmlib(models, tmp_path):
    """With its detector, and its tracker."""
    import rtmlib

    detector = save_onnx(tmp_path / 'yolox.onnx', SeesColours(180.0, False), ['dets', 'labels'])
    image = picture(300, 200, blue=(10, 20, 80, 90), green=(100, 120, 80, 150))

    custom = partial(
        rtmlib.Custom,
        det_class='YOLOX',
        det=str(detector),
        det_input_size=(HEIGHT, WIDTH),
        pose_class='RTMPose',
        pose=str(models / 'rtmlib.onnx'),
        pose_input_size=(96, 128),
    )
    boxes = custom().det_model(image)
    boxes[:, 2:] -= boxes[:, :2]
    (ours,) = OnnxPoseModel(models / 'ours.onnx')([image], [boxes])
    regions = [CropRegion.around(box, 1.25, (96, 128)) for box in boxes]
    solutions = [custom()]
    if models.name.startswith('heatmaps'):  # random weights regress to poses without area
        solutions.append(rtmlib.PoseTracker(custom))
    for solution in solutions:
        keypoints, scores = solution(image)
        assert keypoints.shape == (2, 17, 2)
        for region, found, own in zip(regions, keypoints, ours.keypoints, strict=True):
            expected = region.to_crop(own, (96, 128)).clip(0, (96, 128))
            assert np.abs(region.to_crop(found, (96, 128)) - expected).max() < 0.26
        np.testing.assert_allclose(scores, ours.keypoint_scores, atol=1e-4)
