# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from conftest import TOY_CONFIG
from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.person_crop import PersonCrop, find_keypoints


@pytest.fixture(scope='module')
def inferencer(toy_checkpoint):
    return PoseInferencer(TOY_CONFIG, toy_checkpoint, device='cpu')


def test_crop_of_a_person_who_fills_the_input(inferencer):
    """A box of 3:4 that is 1.1 times smaller than the image makes the crop the image itself."""
    image = np.random.default_rng(0).integers(0, 256, (128, 96, 3)).astype(np.uint8)
    width, height = 96 / 1.1, 128 / 1.1
    box = [48 - width / 2, 64 - height / 2, width, height]
    crop = PersonCrop.of(inferencer, image, box)
    assert np.abs(crop.picture.astype(int) - image[..., ::-1]).max() <= 2  # RGB

    mean, std = np.array([123.675, 116.28, 103.53]), np.array([58.395, 57.12, 57.375])
    normalized = (crop.picture - mean) / std
    np.testing.assert_allclose(crop.inputs[0].permute(1, 2, 0), normalized, atol=1e-4)
    (poses,) = inferencer([image], [[box]])
    np.testing.assert_allclose(crop.keypoints, poses.keypoints[0], atol=1e-3)


def test_keypoints_move_with_the_crop(inferencer):
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    box = [30, 20, 120, 90]
    crop = PersonCrop.of(inferencer, image, box)
    (poses,) = inferencer([image], [[box]])
    side = 120 * 1.1 / 96  # pixels of the image for one of the crop
    origin = np.array([90, 65]) - np.array([96, 128]) / 2 * side
    np.testing.assert_allclose(crop.keypoints, (poses.keypoints[0] - origin) / side, atol=1e-3)


def test_the_whole_image_by_default_and_bad_input(inferencer, tmp_path):
    image = np.full((50, 40, 3), 200, np.uint8)
    cv2.imwrite(str(tmp_path / 'a.png'), image)
    whole = PersonCrop.of(inferencer, tmp_path / 'a.png', None)
    same = PersonCrop.of(inferencer, image, [0, 0, 40, 50])
    assert np.array_equal(whole.picture, same.picture)
    with pytest.raises(InputError, match='lies outside the image of 40x50'):
        PersonCrop.of(inferencer, image, [100, 100, 10, 10])
    (tmp_path / 'broken.png').write_bytes(b'no picture')
    with pytest.raises(InputError, match=r'broken\.png: the picture is broken'):
        PersonCrop.of(inferencer, tmp_path / 'broken.png', None)


def test_keypoints_by_name():
    known = ['nose', 'left_wrist', 'right_wrist']
    found = find_keypoints(['right_wrist', 'nose'], known)
    assert list(found.items()) == [('right_wrist', 2), ('nose', 0)]
    with pytest.raises(InputError, match=r'no keypoint left_wrst\. Did you mean left_wrist'):
        find_keypoints(['left_wrst'], known)
