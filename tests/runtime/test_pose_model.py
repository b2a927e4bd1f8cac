# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import cv2
import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.runtime import pose_model
from sdpose.runtime.person_boxes import PersonBoxes
from sdpose.runtime.pose_model import PoseModel


class CornerModel(PoseModel):
    """Finds two keypoints: two corners of the box, as sure as the image is light."""

    def __init__(self, batch_size=32):
        super().__init__('corners.pth', ['first', 'second'], [(0, 1)], batch_size)
        self.batches = []

    def predict(self, crops):
        self.batches.append(len(crops))
        corners = [[box[:2], box[:2] + box[2:]] for _, box in crops]
        scores = [[image.mean() / 255] * 2 for image, _ in crops]
        return np.array(corners), np.array(scores)


def image(level, height=40, width=60):
    return np.full((height, width, 3), level, np.uint8)


def assert_right(found, images, boxes):
    """Each person has the keypoints of the own box, and the scores of the own image."""
    for poses, array, persons in zip(found, images, boxes, strict=True):
        assert poses.persons.boxes.tolist() == persons
        assert poses.keypoints.dtype == poses.keypoint_scores.dtype == np.float32
        expected = [[[x, y], [x + w, y + h]] for x, y, w, h in persons]
        assert poses.keypoints.tolist() == expected
        assert np.allclose(poses.keypoint_scores, array.mean() / 255)
        assert poses.keypoint_scores.shape == (len(persons), 2)


IMAGES = [image(level) for level in (10, 20, 30, 40, 50)]
BOXES = [[[n, m, 5, 6] for m in range(persons)] for n, persons in enumerate((2, 0, 1, 7, 1))]


@pytest.mark.parametrize('batch_size', [1, 2, 5, 100])
def test_batch_size_changes_nothing(batch_size):
    model = CornerModel(batch_size)
    assert_right(model(IMAGES, BOXES), IMAGES, BOXES)
    assert max(model.batches) <= batch_size
    assert sum(model.batches) == 11
    assert model.seconds > 0


def test_persons_of_several_images_share_a_batch():
    model = CornerModel(batch_size=3)
    model(IMAGES[:4], [[[0, 0, 5, 5]]] * 4)
    assert model.batches == [3, 1]


def test_images_as_files_or_arrays_and_whole_images(tmp_path):
    cv2.imwrite(str(tmp_path / 'a.png'), image(10))
    cv2.imwrite(str(tmp_path / 'b.png'), image(20, 30, 20))
    arrays = [image(10), image(20, 30, 20)]
    whole = [[[0, 0, 60, 40]], [[0, 0, 20, 30]]]
    model = CornerModel()
    assert_right(model([tmp_path / 'a.png', str(tmp_path / 'b.png')]), arrays, whole)
    assert_right(model(arrays), arrays, whole)
    assert_right(model(iter(arrays), iter([whole[0], None])), arrays, whole)


def test_boxes_keep_their_scores():
    persons = PersonBoxes.of([[1, 2, 3, 4]], [0.25])
    (poses,) = CornerModel()([image(255)], [persons])
    assert poses.persons is persons
    assert poses.scores.tolist() == [0.25]


def test_no_persons_and_no_images():
    model = CornerModel()
    (nothing,) = model([image(0)], [[]])
    assert nothing.keypoints.shape == (0, 2, 2)
    assert nothing.keypoint_scores.shape == (0, 2)
    assert nothing.to_coco(1) == []
    assert model([]) == []
    assert model.batches == []


def test_stream_takes_pairs_holds_few_images_and_keeps_their_order():
    numbers = [0, 0, 0, 1, 3, 0, 1]  # of persons
    boxes = [[[n, 0, 10, 10]] * persons for n, persons in enumerate(numbers)]
    read = []

    def inputs():
        for number, persons in enumerate(boxes):
            read.append(number)
            yield image(number), persons

    found = []
    for number, poses in enumerate(CornerModel(batch_size=2).stream(inputs())):
        found.append(poses)
        assert read[-1] - number <= 2
    assert read == list(range(7))
    assert_right(found, [image(number) for number in range(7)], boxes)


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
@pytest.mark.parametrize('which', [0, 1])
def test_keypoints_and_scores_that_are_not_numbers_are_told(value, which, monkeypatch):
    model = CornerModel()
    found = np.zeros((1, 2, 2)), np.zeros((1, 2))
    found[which][0, 1] = value
    monkeypatch.setattr(model, 'predict', lambda crops: found)
    with pytest.raises(InputError, match=r'not numbers: the weights in corners\.pth are broken'):
        model([image(0)])


@pytest.mark.parametrize(
    ('array', 'boxes', 'message'),
    [
        ('nowhere.jpg', None, r'nowhere\.jpg: it cannot be read'),
        (np.zeros((4, 4), np.uint8), None, r'\(H, W, 3\) of uint8, not \(4, 4\)'),
        (np.zeros((4, 4, 3)), None, 'not .* of float64'),
        (np.zeros((0, 4, 3), np.uint8), None, r'not \(0, 4, 3\)'),
        (np.zeros((4, 4, 3), np.uint8), [[9, 9, 2, 2]], 'The box 9,9,2,2 .* lies outside'),
        (np.zeros((4, 4, 3), np.uint8), [9, 9, 2, 2], r'shape \(N, 4\)'),
    ],
)
def test_bad_images_and_boxes(array, boxes, message):
    with pytest.raises(InputError, match=message):
        CornerModel()([array], [boxes])


def test_as_many_lists_of_boxes_as_images():
    with pytest.raises(InputError, match='2 images need as many lists of boxes, not 1'):
        CornerModel()(['a.jpg', 'b.jpg'], [[[1, 2, 3, 4]]])


def test_batches_are_limited_and_images_that_wait_as_well(monkeypatch):
    for size in (0, 10**9):
        with pytest.raises(InputError, match=f'A batch size of {size}: it must be 1 to 1024'):
            CornerModel(batch_size=size)
    monkeypatch.setattr(pose_model, 'LARGEST_WAIT', 2 * IMAGES[0].nbytes)
    model = CornerModel(batch_size=100)
    model(IMAGES, [[[0, 0, 5, 5]]] * 5)
    assert model.batches == [2, 2, 1]


def test_image_that_is_too_long_for_opencv():
    with pytest.raises(InputError, match='no side may exceed 32766 pixels'):
        CornerModel()([np.zeros((1, 32767, 3), np.uint8)])
