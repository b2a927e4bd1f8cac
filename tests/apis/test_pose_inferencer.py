# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
import torch

from conftest import CONFIGS, TOY_CONFIG, build_model, load_config
from sdpose import InputError
from sdpose.apis import PersonBoxes, PoseInferencer


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


@pytest.fixture
def toys(toy_coco):
    annotations = toy_coco / 'annotations/person_keypoints_train2017.json'
    return pictures_and_boxes(toy_coco / 'train2017', annotations)


def assert_same(first, second, atol=1e-4):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_allclose(a.keypoints, b.keypoints, atol=atol)
        np.testing.assert_allclose(a.keypoint_scores, b.keypoint_scores, atol=atol)
        assert np.array_equal(a.persons.boxes, b.persons.boxes)


def assert_same_as_mmpose(infer, images, boxes):
    from mmpose.apis import inference_topdown

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


@pytest.mark.parametrize('batch_size', [1, 2, 5, 100])
def test_batch_size_changes_nothing(batch_size, toys, infer, toy_checkpoint, monkeypatch):
    images, boxes = toys
    other = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', batch_size)
    sizes = []
    step = other.model.test_step
    monkeypatch.setattr(
        other.model, 'test_step', lambda data: sizes.append(len(data['inputs'])) or step(data)
    )
    assert_same(other(images, boxes), infer(images, boxes))
    assert max(sizes) <= batch_size
    assert sum(sizes) == sum(map(len, boxes))


def test_regression_heads(toys, tmp_path):
    config = load_config('tokenpose-toy')
    codec = dict(type='RegressionLabel', input_size=(96, 128))
    config.model.neck = dict(type='GlobalAveragePooling')
    config.model.head = dict(type='RegressionHead', in_channels=64, num_joints=17, decoder=codec)
    config.model.test_cfg = dict(flip_test=True)
    checkpoint = tmp_path / 'regression.pth'
    torch.save(dict(state_dict=build_model(config).state_dict()), checkpoint)
    assert_same_as_mmpose(PoseInferencer(config, checkpoint, 'cpu'), *toys)


def test_photographs(infer, coco_sample, toy_checkpoint):
    images, boxes = pictures_and_boxes(coco_sample, coco_sample / 'test_coco.json')
    assert_same_as_mmpose(infer, images, boxes)
    one_by_one = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', batch_size=1)
    assert_same(one_by_one(images, boxes), infer(images, boxes))


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


def test_images_as_files_or_arrays_and_whole_images(infer, toys):
    paths = toys[0][:2]
    arrays = [cv2.imread(str(path)) for path in paths]
    height, width = arrays[0].shape[:2]
    whole = [[[0, 0, width, height]], None]
    assert_same(infer(paths), infer(arrays))
    assert_same(infer(arrays), infer(arrays, whole))
    assert infer(paths)[0].persons.boxes.tolist() == [[0, 0, width, height]]


def test_image_without_persons(infer, toys):
    (nothing,) = infer(toys[0][:1], [[]])
    assert nothing.keypoints.shape == (0, 17, 2)
    assert nothing.keypoint_scores.shape == (0, 17)
    assert nothing.to_coco(1) == []
    assert infer([]) == []


def test_stream_holds_few_images_and_keeps_their_order(infer, toy_checkpoint):
    infer = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', batch_size=2)
    read = []

    def inputs():
        for number, persons in enumerate([0, 0, 0, 1, 3, 0, 1]):
            read.append(number)
            boxes = PersonBoxes.of([[0, 0, 10, 10]] * persons)
            yield number, np.zeros((20, 20, 3), np.uint8), boxes

    for count, (number, poses) in enumerate(infer.stream(inputs())):
        assert number == count
        assert len(poses.keypoints) == [0, 0, 0, 1, 3, 0, 1][number]
        assert read[-1] - number <= 2
    assert read == list(range(7))


def test_test_cycles_and_options(toys, infer, toy_checkpoint):
    images, boxes = toys
    twice = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', test_cycles=2)
    assert twice.model.neck.test_cycles == 2
    assert np.abs(twice(images, boxes)[0].keypoints - infer(images, boxes)[0].keypoints).max() > 1
    option = {'model.neck.test_cycles': 2}
    assert_same(
        PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu', cfg_options=option)(images, boxes),
        twice(images, boxes),
    )


def test_config_that_was_read_is_not_changed(toy_checkpoint):
    config = load_config('sdpose-toy')
    before = config.pretty_text
    PoseInferencer(config, toy_checkpoint, 'cpu', test_cycles=2)
    assert config.pretty_text == before


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(config='nowhere.py'), 'There is no config nowhere.py'),
        (dict(checkpoint='nowhere.pth'), 'There is no checkpoint nowhere.pth'),
        (dict(config=load_config('sdpose-t')), 'belongs to another model'),
        (dict(batch_size=0), 'batch size of 0'),
        (dict(test_cycles=0), '0 test cycles'),
        (dict(device='gpu'), 'There is no device gpu'),
        (dict(device='cuda:99'), 'There is no device cuda:99'),
        (dict(cfg_options={'model.test_cfg.flip_tests': 1}), 'Did you mean flip_test'),
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
    with pytest.raises(InputError, match='have cycles to set'):
        PoseInferencer(config, toy_checkpoint, 'cpu', test_cycles=2)


def test_broken_weights_are_told(toy_checkpoint, tmp_path):
    checkpoint = torch.load(toy_checkpoint, weights_only=True)
    checkpoint['state_dict']['head.mlp.0.weight'].fill_(float('nan'))
    torch.save(checkpoint, tmp_path / 'nan.pth')
    infer = PoseInferencer(TOY_CONFIG, tmp_path / 'nan.pth', 'cpu')
    with pytest.raises(InputError, match=r'not numbers: the weights in .*nan\.pth are broken'):
        infer([np.zeros((20, 20, 3), np.uint8)])


def test_full_gpu_is_told(toy_checkpoint, monkeypatch):
    def full(data):
        raise torch.cuda.OutOfMemoryError

    infer = PoseInferencer(TOY_CONFIG, toy_checkpoint, 'cpu')
    monkeypatch.setattr(infer.model, 'test_step', full)
    with pytest.raises(InputError, match=r'1 persons at once.*smaller batch size'):
        infer([np.zeros((20, 20, 3), np.uint8)])


@pytest.mark.parametrize(
    ('image', 'boxes', 'message'),
    [
        ('nowhere.jpg', None, r'nowhere\.jpg: it cannot be read'),
        (np.zeros((4, 4), np.uint8), None, r'\(H, W, 3\) of uint8, not \(4, 4\)'),
        (np.zeros((4, 4, 3)), None, 'not .* of float64'),
        (np.zeros((4, 4, 3), np.uint8), [[9, 9, 2, 2]], 'The box 9,9,2,2 .* lies outside'),
        (np.zeros((4, 4, 3), np.uint8), [9, 9, 2, 2], r'shape \(N, 4\)'),
    ],
)
def test_bad_images_and_boxes(image, boxes, message, infer):
    with pytest.raises(InputError, match=message):
        infer([image], [boxes])


def test_as_many_lists_of_boxes_as_images(infer):
    with pytest.raises(InputError, match='2 images need as many lists of boxes, not 1'):
        infer(['a.jpg', 'b.jpg'], [[[1, 2, 3, 4]]])
