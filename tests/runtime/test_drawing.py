# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.runtime.drawing import confidence_colors, draw_poses

GREY = np.full((240, 320, 3), 128, np.uint8)
POINTS = np.array([[[50, 60], [150, 60], [250, 160]]], np.float32)


def test_colours_run_from_blue_over_green_to_red():
    low, middle, high = confidence_colors(np.array([0, 0.5, 1])).astype(int)
    assert low.argmax() == 0
    assert middle.argmax() == 1
    assert high.argmax() == 2
    beyond = confidence_colors(np.array([-1, 2]))
    assert np.array_equal(beyond, [low, high])
    assert confidence_colors(np.array([])).shape == (0, 3)


def test_keypoints_and_limbs_have_the_colours_of_their_confidence():
    scores = np.array([[1.0, 0.5, 0.9]])
    drawn = draw_poses(GREY, POINTS, scores, skeleton=[(0, 1)], legend=False)
    expected = confidence_colors(scores[0])
    for (x, y), color in zip(POINTS[0].astype(int), expected, strict=True):
        assert np.array_equal(drawn[y, x], color)
    assert np.array_equal(drawn[60, 100], expected[1])  # the less sure end
    assert np.array_equal(drawn[110, 200], GREY[0, 0])  # no limb there
    assert (GREY == 128).all()  # the image itself is not changed


def test_unsure_keypoints_and_their_limbs_are_left_out():
    scores = np.array([[1.0, 0.3, 0.29]])
    drawn = draw_poses(GREY, POINTS, scores, [(0, 1), (1, 2)], threshold=0.3, legend=False)
    assert not np.array_equal(drawn[60, 150], GREY[0, 0])
    assert (drawn[100:] == 128).all()


def test_drawing_is_the_same_every_time_and_has_the_size_of_the_image():
    scores = np.array([[1.0, 0.5, 0.9]])
    first, second = (draw_poses(GREY, POINTS, scores, [(0, 1)]) for _ in range(2))
    assert first.shape == GREY.shape
    assert np.array_equal(first, second)


def test_far_and_undefined_points_are_left_out():
    points = np.array([[[1e9, 0], [np.nan, 3], [-20, -20]]], np.float32)
    drawn = draw_poses(GREY, points, np.ones((1, 3)), [(0, 1), (1, 2)], legend=False)
    assert np.array_equal(drawn, GREY)


def test_legend_shows_the_scale_above_the_threshold():
    nobody = np.zeros((0, 3, 2)), np.zeros((0, 3))
    drawn = draw_poses(GREY, *nobody, [], threshold=0.5)
    bar = drawn[225]  # a row of the legend's bar
    colors = {tuple(color) for color in bar.tolist()}
    assert tuple(confidence_colors(np.array([1.0]))[0].tolist()) in colors
    assert tuple(confidence_colors(np.array([0.0]))[0].tolist()) not in colors
    assert (drawn[:200] == 128).all()


@pytest.mark.parametrize('shape', [(30, 300), (300, 30), (20, 20)])
def test_small_images_have_no_legend(shape):
    image = np.full((*shape, 3), 128, np.uint8)
    drawn = draw_poses(image, np.zeros((0, 3, 2)), np.zeros((0, 3)), [])
    assert np.array_equal(drawn, image)
