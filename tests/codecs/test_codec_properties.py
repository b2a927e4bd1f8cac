# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What holds for any keypoints: they come back from their targets, and from a mirror."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from mmengine.config import Config
from mmpose.registry import KEYPOINT_CODECS
from mmpose.structures.keypoint import flip_keypoints

from conftest import CONFIGS
from sdpose.codecs import RegressionWithConfidence
from sdpose.runtime.decode import decode_heatmaps

HEATMAP_CODECS = [
    Config.fromfile(CONFIGS / '_base_/datasets' / name).codec
    for name in ('coco_256x192.py', 'toy_coco_128x96.py')
]
FLIP_INDICES = [0, 2, 1, 4, 3]
points = arrays(np.float32, (1, 5, 2), elements=st.floats(0, 1, width=32))  # shares of the input


def pixels_of(shares, input_size):
    return shares * (np.array(input_size, dtype=np.float32) - 1)


@pytest.mark.parametrize('codec', HEATMAP_CODECS, ids=lambda codec: str(codec.input_size))
@given(shares=points)
def test_heatmaps_bring_keypoints_back(codec, shares):
    built = KEYPOINT_CODECS.build(codec)
    keypoints = pixels_of(shares, codec.input_size)
    encoded = built.encode(keypoints, np.ones((1, 5), dtype=np.float32))
    assert encoded['keypoint_weights'].tolist() == [[1] * 5]
    decoded, scores = built.decode(encoded['heatmaps'])
    size = np.array(codec.heatmap_size)
    pixel = codec.input_size / size  # of the heatmap
    error = np.abs(decoded - keypoints) / pixel
    assert error.max() < 0.76  # the last centre is 3/4 from the border
    inside = ((keypoints / pixel > 3) & (keypoints / pixel < size - 4)).all(-1)
    assert error[inside].max(initial=0) < 0.06
    assert (scores > np.exp(-((0.76 / codec.sigma) ** 2))).all()
    assert (scores <= 1).all()


@pytest.mark.parametrize('codec', HEATMAP_CODECS, ids=lambda codec: str(codec.input_size))
@given(shares=points, seed=st.integers(0, 2**32 - 1), noise=st.floats(0, 0.2))
def test_the_runtime_decodes_as_the_codec_does(codec, shares, seed, noise):
    built = KEYPOINT_CODECS.build(codec)
    visible = np.ones((1, 5), dtype=np.float32)
    heatmaps = built.encode(pixels_of(shares, codec.input_size), visible)['heatmaps']
    rng = np.random.default_rng(seed)
    heatmaps = heatmaps + rng.normal(0, noise, heatmaps.shape).astype(np.float32)
    expected, expected_scores = built.decode(heatmaps)
    settings = dict(codec, blur_kernel_size=built.blur_kernel_size)
    decoded, scores = decode_heatmaps(heatmaps, settings)
    np.testing.assert_allclose(scores, expected_scores[0])
    np.testing.assert_allclose(decoded, expected[0], atol=0.05)


@given(shares=points, width=st.integers(2, 5000), height=st.integers(2, 5000))
def test_coordinates_come_back(shares, width, height):
    codec = RegressionWithConfidence((width, height))
    keypoints = pixels_of(shares, (width, height))
    encoded = codec.encode(keypoints)
    labels = encoded['keypoint_labels']
    assert ((labels >= 0) & (labels <= 1)).all()
    assert encoded['keypoint_weights'].all()
    confidence = shares[..., :1]
    decoded, scores = codec.decode(np.concatenate([labels, confidence], axis=-1))
    np.testing.assert_allclose(decoded, keypoints, atol=width * height * 1e-6)
    np.testing.assert_array_equal(scores, confidence[..., 0])


@given(shares=points, visible=arrays(np.float32, (1, 5), elements=st.sampled_from([0, 1, 2])))
def test_a_flip_of_a_flip_changes_nothing(shares, visible):
    size = (192, 256)
    keypoints = pixels_of(shares, size)
    once = flip_keypoints(keypoints, visible, size, FLIP_INDICES)
    assert np.isclose(once[0][..., 0, 0] + keypoints[..., 0, 0], size[0] - 1, atol=1e-4).all()
    twice, visible_twice = flip_keypoints(*once, size, FLIP_INDICES)
    np.testing.assert_allclose(twice, keypoints, atol=1e-4)
    np.testing.assert_array_equal(visible_twice, visible)
