# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A torch model in the runtime's loop; the loop itself is tested in tests/runtime."""

import json
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy

import cv2
import numpy as np
import pytest
import torch
from mmpose.apis import inference_topdown

from conftest import CONFIGS, TOY_CONFIG, build_model, load_config
from sdpose.apis import PoseInferencer
from sdpose.errors import InputError


@pytest.fixture(scope='module')
def infer(toy_checkpoint):
    return PoseInferencer(TOY_CONFIG, toy_checkpoint, device='cpu')


def pictures_and_boxes(folder, annotations):
    truth = json.loads(annotations.read_text())
    images, boxes = [], []
    for image in truth['images']:
        found = [a['bbox'] for a in truth['annotations'] if a['image_id'] == image['id']]
        images.append(folder / image['file_name'])
        boxes.append([box for box in found if min(box[2:]) > 0])
    return images, boxes


@pytest.fixture(scope='module')
def toys(toy_coco):
    annotations = toy_coco / 'annotations/person_keypoints_val2017.json'
    return pictures_and_boxes(toy_coco / 'val2017', annotations)


def assert_same(first, second, atol=1e-4):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=atol)
        np.testing.assert_allclose(a.keypoint_scores, b.keypoint_scores, atol=atol)
        assert np.array_equal(a.persons.boxes, b.persons.boxes)


def assert_same_as_mmpose(infer, images, boxes):
    for poses, image, of_image in zip(infer(images, boxes), images, boxes, strict=True):
        assert poses.keypoints.shape == (len(of_image), 17, 2)
        assert poses.keypoints.dtype == poses.keypoint_scores.dtype == np.float32
        expected = inference_topdown(infer.model, str(image), np.float32(of_image), 'xywh')
        for index, sample in enumerate(expected):
            found = sample.pred_instances
            np.testing.assert_allclose(poses.keypoints[index], found.keypoints[0], atol=1e-4)
            np.testing.assert_allclose(
                poses.keypoint_scores[index], found.keypoint_scores[0], atol=1e-4
            )


def test_same_poses_as_mmposes_own_function(infer, toys):
    assert_same_as_mmpose(infer, *toys)
    assert sum(map(len, toys[1])) > 4
    assert (infer.keypoint_names[0], len(infer.keypoint_names)) == ('nose', 17)
    assert infer.skeleton == infer.dataset_meta['skeleton_links']


def test_batch_size_changes_nothing(toys, infer, toy_checkpoint):
    images, boxes = toys
    other = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', batch_size=2)
    assert_same(other(images, boxes), infer(images, boxes))


def test_regression_heads(toys, tmp_path):
    config = load_config('tokenpose-toy')
    codec = dict(type='RegressionLabel', input_size=(96, 128))
    config.model.neck = dict(type='GlobalAveragePooling')
    config.model.head = dict(type='RegressionHead', in_channels=64, num_joints=17, decoder=codec)
    config.model.test_cfg = dict(flip_test=True)
    checkpoint = tmp_path / 'regression.pth'
    torch.save(dict(state_dict=build_model(config).state_dict()), checkpoint)
    images, boxes = toys
    assert_same_as_mmpose(PoseInferencer(config, checkpoint, 'cpu'), images[:2], boxes[:2])


def test_photographs(infer, coco_sample):
    images, boxes = pictures_and_boxes(coco_sample, coco_sample / 'test_coco.json')
    assert_same_as_mmpose(infer, images, boxes)


def test_box_is_the_crop(infer, toys):
    """The pose moves and grows with the picture and the box."""
    image = cv2.imread(str(toys[0][0]))
    x, y, width, height = toys[1][0][0]
    moved = cv2.copyMakeBorder(image, 30, 0, 50, 0, cv2.BORDER_CONSTANT)
    plain, shifted = infer(
        [image, moved], [[[x, y, width, height]], [[x + 50, y + 30, width, height]]]
    )
    crop_inside = [[x + 20, y + 20, width - 40, height - 40]]
    (inner,) = infer([image], [crop_inside])
    assert np.abs(shifted.keypoints - plain.keypoints - (50, 30)).max() < 1e-2
    assert np.abs(inner.keypoints - plain.keypoints).max() > 1


def test_crop_is_the_input_of_the_model(infer):
    image = np.zeros((128, 96, 3), np.uint8)
    image[:, 48:] = (10, 20, 30)
    for crop in (infer.crop(image), infer.crop(image, [0, 0, 96, 128])):
        inputs = crop['inputs']
        assert (inputs.shape, inputs.dtype) == ((3, 128, 96), torch.uint8)
        assert inputs[:, 64, 10].tolist() == [0, 0, 0]
        assert inputs[:, 64, 80].tolist() == [10, 20, 30]
    with pytest.raises(InputError, match='lies outside'):
        infer.crop(image, [200, 0, 10, 10])


def test_settings_are_replaced(toys, infer, toy_checkpoint):
    images, boxes = toys[0][:1], toys[1][:1]
    option = {'model.neck.test_cycles': 2}
    twice = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', cfg_options=option)
    assert twice.model.neck.test_cycles == 2
    assert np.abs(twice(images, boxes)[0].keypoints - infer(images, boxes)[0].keypoints).max() > 1
    config = load_config('sdpose-toy')
    config.model.neck.test_cycles = 2
    assert_same(PoseInferencer(config, toy_checkpoint, 'cpu')(images, boxes), twice(images, boxes))


def test_config_that_was_read_is_not_changed(toy_checkpoint):
    config = load_config('sdpose-toy')
    config.model.backbone.init_cfg = dict(type='Kaiming', layer='Conv2d')
    before = deepcopy(config.to_dict())
    options = {'model.neck.test_cycles': 2, 'test_dataloader.dataset.pipeline.1.padding': 1.5}
    PoseInferencer(config, toy_checkpoint, 'cpu', cfg_options=options)
    assert config.to_dict() == before


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(config='nowhere.py'), 'There is no config nowhere.py'),
        (dict(checkpoint='nowhere.pth'), 'There is no checkpoint nowhere.pth'),
        (dict(batch_size=0), 'batch size of 0'),
        (dict(device='gpu'), 'There is no device gpu'),
        (dict(device='cuda:99'), 'There is no device cuda:99'),
        (dict(cfg_options={'model.nekc.test_cycles': 1}), 'Did you mean neck'),
        (dict(cfg_options={'model.neck.test_cycles': 0}), 'whole number from 1'),
        (dict(config=CONFIGS / '_base_/default_runtime.py'), 'no whole config'),
    ],
    ids=str,
)
def test_what_does_not_fit_is_refused(changes, message, toy_checkpoint):
    arguments = dict(config=TOY_CONFIG, checkpoint=toy_checkpoint) | changes
    with pytest.raises(InputError, match=message):
        PoseInferencer(**arguments)


def test_model_without_cycles(toy_checkpoint):
    config = load_config('sdpose-toy')
    config.model.neck = None
    with pytest.raises(InputError, match='neck'):
        PoseInferencer(config, toy_checkpoint, 'cpu', cfg_options={'model.neck.test_cycles': 2})


def test_broken_weights_are_told(toy_checkpoint, tmp_path):
    checkpoint = torch.load(toy_checkpoint, weights_only=True)
    checkpoint['state_dict']['head.mlp.0.weight'].fill_(float('nan'))
    torch.save(checkpoint, tmp_path / 'nan.pth')
    with pytest.raises(InputError, match=r'nan\.pth: the weight head.* is not finite'):
        PoseInferencer(TOY_CONFIG, tmp_path / 'nan.pth', 'cpu')


def test_eight_threads_on_one_model_find_what_one_finds(infer, toys):
    jobs = [([image], [boxes]) for image, boxes in zip(*toys, strict=True)] * 6
    expected = [infer(*job)[0] for job in jobs]
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda job: infer(*job)[0], jobs))
    for ours, alone in zip(found, expected, strict=True):
        assert np.array_equal(ours.keypoints, alone.keypoints)
        assert np.array_equal(ours.keypoint_scores, alone.keypoint_scores)


def test_full_gpu_is_told(infer, monkeypatch):
    def full(data):
        raise torch.cuda.OutOfMemoryError

    monkeypatch.setattr(infer.model, 'test_step', full)
    with pytest.raises(InputError, match=r'1 persons at once.*smaller batch size'):
        infer([np.zeros((20, 20, 3), np.uint8)])
