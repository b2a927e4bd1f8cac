# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported model finds the keypoints that MMPose finds."""

import json
import sys

import numpy as np
import onnx
import pytest
from mmengine.config import Config
from mmpose.apis import inference_topdown
from peaked_model import save_peaked_checkpoint, save_peaked_onnx

from conftest import TOY_CONFIG
from sdpose.apis.trained_model import load_trained_model
from sdpose.errors import InputError
from sdpose.runtime.onnx_model import OnnxPoseModel

BOXES = [[30.0, 40.0, 70.5, 160.0], [100.0, 20.0, 150.0, 90.0], [-5.0, 10.0, 60.0, 90.0]]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('models')
    save_peaked_onnx(folder / 'heatmap.onnx')
    save_peaked_onnx(folder / 'decoded.onnx', decode=True)
    return folder


@pytest.fixture(scope='module')
def mmpose_model(folder):
    cfg = Config.fromfile(TOY_CONFIG)
    cfg.model.test_cfg.flip_test = False
    return load_trained_model(cfg, save_peaked_checkpoint(folder / 'toy.pth'))


@pytest.fixture
def model_and_card(folder, tmp_path):
    """A model to be broken: its file, and a function that changes its description."""
    (tmp_path / 'model.onnx').write_bytes((folder / 'heatmap.onnx').read_bytes())
    card = json.loads((folder / 'heatmap.json').read_text())

    def change(**changes):
        (tmp_path / 'model.json').write_text(json.dumps({**card, **changes}))

    change()
    return tmp_path / 'model.onnx', change


@pytest.mark.parametrize('name', ['heatmap', 'decoded'])
@pytest.mark.parametrize('boxes', [None, BOXES])
def test_keypoints_are_those_of_mmpose(name, boxes, folder, mmpose_model, toy_coco):
    image = sorted((toy_coco / 'val2017').iterdir())[0]
    model = OnnxPoseModel(folder / f'{name}.onnx', threads=1, batch_size=2)
    (poses,) = model([image], [boxes])
    samples = inference_topdown(mmpose_model, str(image), boxes, bbox_format='xywh')
    expected = [sample.pred_instances for sample in samples]
    keypoints = np.concatenate([person.keypoints for person in expected])
    scores = np.concatenate([person.keypoint_scores for person in expected])
    assert poses.keypoints.shape == keypoints.shape == (len(boxes or [0]), 17, 2)
    assert np.linalg.norm(poses.keypoints - keypoints, axis=-1).max() < 0.01
    np.testing.assert_allclose(poses.keypoint_scores, scores, atol=1e-4)


def test_keypoints_have_the_names_and_limbs_of_mmpose(folder, mmpose_model):
    model, meta = OnnxPoseModel(folder / 'heatmap.onnx'), mmpose_model.dataset_meta
    assert dict(enumerate(model.keypoint_names)) == meta['keypoint_id2name']
    assert list(map(tuple, model.skeleton)) == list(map(tuple, meta['skeleton_links']))
    assert len(model.skeleton) == 19


def test_broken_weights_are_told(model_and_card):
    path, _ = model_and_card
    broken = onnx.load(path)
    for weight in broken.graph.initializer:
        if weight.data_type == onnx.TensorProto.FLOAT:
            values = np.full_like(onnx.numpy_helper.to_array(weight), np.nan)
            weight.CopyFrom(onnx.numpy_helper.from_array(values, weight.name))
    onnx.save(broken, path)
    with pytest.raises(InputError, match=r'not numbers: the weights in .*model\.onnx are broken'):
        OnnxPoseModel(path)([np.zeros((20, 20, 3), np.uint8)])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(use_udp=True), 'crops by UDP'),
        (dict(codec=None), '"codec" cannot be None'),
        (dict(codec=dict(type='MSRAHeatmap')), '"codec" cannot be'),
        (dict(input_size=[96]), '"input_size" cannot be'),
        (dict(mean='x'), '"mean" cannot be'),
        (dict(std=[1, 0, 1]), '"std" cannot be'),
        (dict(keypoint_names=None), '"keypoint_names" cannot be None'),
        (dict(skeleton=[[0, 17]]), '"skeleton" cannot be'),
        (dict(box_padding=None), '"box_padding" cannot be None'),
        (dict(output_kind='decoded'), r'has 1 outputs, but its \.json file says decoded'),
        (dict(codec=dict(type='UDPHeatmap')), 'only MSRAHeatmap is known'),
        (dict(input_size=[64, 64]), r'model\.onnx cannot be run'),
        (
            dict(keypoint_names=['nose'], skeleton=[]),
            'gives 17 keypoints, but its .json file names 1',
        ),
    ],
)
def test_description_that_does_not_fit(change, message, model_and_card):
    path, change_card = model_and_card
    change_card(**change)
    with pytest.raises(InputError, match=message):
        OnnxPoseModel(path)([np.zeros((20, 20, 3), np.uint8)])


def test_missing_and_broken_files(model_and_card):
    path, _ = model_and_card
    with pytest.raises(InputError, match=r'There is no model .*nowhere\.onnx'):
        OnnxPoseModel(path.with_name('nowhere.onnx'))
    with pytest.raises(InputError, match='must not be negative'):
        OnnxPoseModel(path, threads=-1)
    path.write_bytes(b'no model')
    with pytest.raises(InputError, match='is not a model that onnxruntime reads'):
        OnnxPoseModel(path)
    path.with_suffix('.json').write_text('{}')
    with pytest.raises(InputError, match='does not describe a model: it has no "input_name"'):
        OnnxPoseModel(path)
    path.with_suffix('.json').unlink()
    with pytest.raises(InputError, match=r'has no model\.json beside it'):
        OnnxPoseModel(path)


def test_missing_onnxruntime_is_told(folder, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(InputError, match='pip install onnxruntime'):
        OnnxPoseModel(folder / 'heatmap.onnx')
