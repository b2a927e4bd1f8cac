# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported model finds the keypoints that MMPose finds."""

import json
import re
import reprlib
import sys
from concurrent.futures import ThreadPoolExecutor

import cv2
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

NAN, INF = float('nan'), float('inf')
CODEC = dict(type='MSRAHeatmap', unbiased=True, blur_kernel_size=11, input_size=[96, 128])
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
        (dict(codec=dict(type='UDPHeatmap')), 'only MSRAHeatmap and UnrefinedHeatmap'),
        (dict(input_name='picture'), r'model\.onnx cannot be run: .*image'),
        (dict(input_size=[64, 64], codec=CODEC | dict(input_size=[64, 64])), 'cannot be run'),
        (
            dict(output_kind='decoded'),
            r"gives \[\('float32', 1, 17, 32, 24\)\], but .* says decoded of 17 keypoints",
        ),
        (dict(keypoint_names=['nose'], skeleton=[]), 'says heatmap of 1 keypoints'),
    ],
)
def test_description_that_does_not_fit_is_told_before_any_picture(change, message, model_and_card):
    path, change_card = model_and_card
    change_card(**change)
    with pytest.raises(InputError, match=message):
        OnnxPoseModel(path)


@pytest.mark.parametrize(
    ('key', 'values'),
    {
        'input_name': [None, 1],
        'input_size': [[96], [0.5, 1e9], [96, 128.5], [0, 128], [96, 1e5], '96', [True, True]],
        'mean': ['x', [NAN] * 3, [1, 2], [1e38, 0, 0]],
        'std': [[1, 0, 1], [1e-300] * 3, [1, 1, INF], [-1, 1, 1]],
        'box_padding': [None, 0, -1, 1e30, NAN, True, [1.25]],
        'output_kind': ['x', [], None],
        'keypoint_names': [None, [], [1] * 17, ['nose'] * 17, 'nose', {'nose': 1}],
        'skeleton': [[[0, 17]], [[-1, 0]], [[True, False]], [[0.0, 1]], [0, 1], None, [[0, 1, 2]]],
        'codec': [None, [], 'MSRAHeatmap'],
        'bgr_to_rgb': [1, 'yes', None],
        'use_udp': [0, 'no', None],
    }.items(),
)
def test_wrong_values_of_the_description(key, values, model_and_card):
    path, change_card = model_and_card
    for value in values:
        change_card(**{key: value})
        with pytest.raises(InputError, match=f'"{key}" cannot be {re.escape(reprlib.repr(value))}'):
            OnnxPoseModel(path)


@pytest.mark.parametrize(
    ('key', 'values'),
    {
        'unbiased': [None, 'no', 1],
        'blur_kernel_size': [0, 2, -3, 10**6 + 1, '11', 11.0, True],
        'input_size': [[1, 2], None],
    }.items(),
)
def test_wrong_values_of_the_codec(key, values, model_and_card):
    path, change_card = model_and_card
    for value in values:
        change_card(codec=CODEC | {key: value})
        with pytest.raises(InputError, match=f'"codec.{key}" cannot be {re.escape(repr(value))}'):
            OnnxPoseModel(path)
    change_card(codec=dict(type='MSRAHeatmap'))
    with pytest.raises(InputError, match=r'it has no "codec\.unbiased"'):
        OnnxPoseModel(path)


def test_model_whose_weights_lie_elsewhere(model_and_card):
    """ONNX allows it, and onnxruntime only in the model's own folder."""
    path, _ = model_and_card
    model = onnx.load(path)
    weight = max(model.graph.initializer, key=lambda tensor: tensor.ByteSize())
    weight.ClearField('raw_data')
    weight.data_location = onnx.TensorProto.EXTERNAL
    weight.external_data.add(key='location', value='../../../../../../etc/passwd')
    path.write_bytes(model.SerializeToString())
    with pytest.raises(InputError, match='is not a model that onnxruntime reads') as caught:
        OnnxPoseModel(path)
    assert '\n' not in str(caught.value)


def test_eight_threads_on_one_model_find_what_one_finds(folder, toy_coco):
    images = [cv2.imread(str(path)) for path in sorted((toy_coco / 'val2017').iterdir())]
    model = OnnxPoseModel(folder / 'heatmap.onnx', threads=1, batch_size=2)
    jobs = [([image], [BOXES[: 1 + number % 3]]) for number, image in enumerate(images * 6)]
    expected = [model(*job)[0] for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: model(*job)[0], jobs))
    for ours, alone in zip(found, expected, strict=True):
        assert np.array_equal(ours.keypoints, alone.keypoints)
        assert np.array_equal(ours.keypoint_scores, alone.keypoint_scores)


def test_missing_and_broken_files(model_and_card):
    path, _ = model_and_card
    with pytest.raises(InputError, match=r'There is no model .*nowhere\.onnx'):
        OnnxPoseModel(path.with_name('nowhere.onnx'))
    for threads in (-1, 100_000):
        with pytest.raises(InputError, match=rf'{threads} threads: .* must be 1 to \d+, or 0 for'):
            OnnxPoseModel(path, threads=threads)
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
