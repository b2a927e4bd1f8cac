# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np

from onnx_runtime.draw import draw_persons

CARD = dict(
    skeleton=[[0, 1]], skeleton_colors=[[0, 255, 0]], keypoint_colors=[[255, 0, 0], [0, 0, 255]]
)


def test_keypoints_and_bones_in_their_colours():
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    keypoints = np.array([[[10.0, 30.0], [70.0, 30.0]]])
    picture = draw_persons(image, keypoints, np.ones((1, 2)), CARD, 0.3)
    red, green, blue = picture[30, [10, 40, 70]].tolist()  # as BGR
    assert (red, blue) == ([0, 0, 255], [255, 0, 0])
    assert green[1] > 200 and green[0] == green[2] == 0  # lines have smooth edges
    assert image.max() == 0  # the given image stays as it is


def test_weak_keypoints_and_those_far_outside_are_left_out():
    image = np.zeros((60, 80, 3), dtype=np.uint8)
    keypoints = np.array([[[10.0, 30.0], [1e12, -1e12]]])
    picture = draw_persons(image, keypoints, np.array([[0.9, 0.1]]), CARD, 0.3)
    assert picture[30, 10].tolist() == [0, 0, 255]
    assert picture[:, 20:].max() == 0
    draw_persons(image, keypoints, np.ones((1, 2)), CARD, 0.3)
