# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Decoding in the graph is MMPose's decoding."""

import numpy as np
import pytest
import torch
from mmpose.codecs import MSRAHeatmap, UDPHeatmap

from sdpose.codecs import UnrefinedHeatmap
from sdpose.errors import InputError
from sdpose.export.decoding import HeatmapDecoder

SIZES = dict(input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5)


def gaussian_heatmaps(points, noise=0.0):
    """(K, 32, 24): a peak at each point, x and y in pixels of the heatmap."""
    y, x = np.mgrid[:32, :24]
    maps = [np.exp(-((x - px) ** 2 + (y - py) ** 2) / (2 * 1.5**2)) for px, py in points]
    noisy = np.array(maps) + noise * np.random.default_rng(0).standard_normal((len(maps), 32, 24))
    return noisy.astype(np.float32)


# inside, on every border and corner, and beyond
BORDERS = [(x, y) for x in (0, 1, 2, 11.3, 21, 22, 23) for y in (0, 1, 2, 15.8, 29, 30, 31)]
POINTS = [*BORDERS, (-1.4, 5), (7.5, 7.5), (3.2, 33)]


@pytest.mark.parametrize(
    'codec',
    [
        MSRAHeatmap(**SIZES, unbiased=True),
        MSRAHeatmap(**SIZES, unbiased=False),
        UnrefinedHeatmap(**SIZES, unbiased=True),
    ],
)
@pytest.mark.parametrize('noise', [0.0, 0.02])
def test_equals_the_codec(codec, noise):
    heatmaps = gaussian_heatmaps(POINTS, noise)
    expected, expected_scores = codec.decode(heatmaps)
    # the same persons twice: the batch must not be mixed up
    batch = torch.tensor(np.stack([heatmaps[::-1].copy(), heatmaps]))
    keypoints, scores = HeatmapDecoder(codec)(batch)
    np.testing.assert_allclose(keypoints[1], expected[0], atol=2e-3)
    np.testing.assert_allclose(keypoints[0].flip(0), expected[0], atol=2e-3)
    np.testing.assert_array_equal(scores[1], expected_scores[0])


def test_heatmap_without_a_peak_is_nowhere():
    codec = MSRAHeatmap(**SIZES, unbiased=True)
    empty = torch.stack([torch.zeros(32, 24), torch.full((32, 24), -1.0)])[None]
    keypoints, scores = HeatmapDecoder(codec)(empty)
    expected, _ = codec.decode(empty[0].numpy())
    np.testing.assert_array_equal(keypoints[0], expected[0])
    assert keypoints.unique().tolist() == [-4]  # -1 pixel of the heatmap
    assert scores.tolist() == [[0, -1]]


def test_other_codecs_are_refused():
    with pytest.raises(InputError, match=r'UDPHeatmap.*leave --decode out'):
        HeatmapDecoder(UDPHeatmap(input_size=(96, 128), heatmap_size=(24, 32)))
