# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.codecs import RegressionWithConfidence
from sdpose.errors import InputError

CODEC = RegressionWithConfidence(input_size=(192, 256))


def test_coordinates_come_back_with_the_confidence_as_score():
    keypoints = np.array([[[0, 0], [96, 64], [191, 255]]], dtype=np.float32)
    labels = CODEC.encode(keypoints)['keypoint_labels']
    np.testing.assert_allclose(labels[0, 1], [0.5, 0.25])
    confidence = np.array([[[0.1], [0.7], [-0.2]]], dtype=np.float32)
    decoded, scores = CODEC.decode(np.concatenate([labels, confidence], axis=-1))
    np.testing.assert_allclose(decoded, keypoints)
    np.testing.assert_array_equal(scores, confidence[..., 0])


def test_keypoints_out_of_the_input_or_unlabelled_have_no_weight():
    keypoints = np.array([[[5, 5], [-1, 5], [5, 256], [5, 5]]], dtype=np.float32)
    visible = np.array([[1, 1, 1, 0]], dtype=np.float32)
    weights = CODEC.encode(keypoints, visible)['keypoint_weights']
    np.testing.assert_array_equal(weights, [[1, 0, 0, 0]])


@pytest.mark.parametrize('size', [(0, 0), (192, -1), (192,), (1, 2, 3), (float('nan'), 5)])
def test_sizes_that_are_none(size):
    with pytest.raises(InputError, match='is no width and height in pixels'):
        RegressionWithConfidence(size)
