# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Decoding in numpy is the codec's decoding."""

import numpy as np
import pytest
from mmpose.codecs import MSRAHeatmap

from sdpose.codecs import UnrefinedHeatmap
from sdpose.runtime.decode import decode_heatmaps

BORDERS = [(x, y) for x in (0, 1, 2, 11.3, 21, 22, 23) for y in (0, 1, 2, 15.8, 29, 30, 31)]


@pytest.mark.parametrize(
    ('codec_type', 'unbiased'),
    [(MSRAHeatmap, True), (MSRAHeatmap, False), (UnrefinedHeatmap, True)],
)
@pytest.mark.parametrize('noise', [0.0, 0.02])
def test_equals_the_codec(codec_type, unbiased, noise):
    y, x = np.mgrid[:32, :24]
    peaks = [np.exp(-((x - px) ** 2 + (y - py) ** 2) / 4.5) for px, py in BORDERS]
    heatmaps = np.array([*peaks, np.zeros((32, 24)), np.full((32, 24), -1.0)])
    heatmaps[:-2] += noise * np.random.default_rng(0).standard_normal((len(BORDERS), 32, 24))
    heatmaps = heatmaps.astype(np.float32)
    codec = dict(input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, unbiased=unbiased)
    with np.errstate(invalid='ignore'):
        (expected,), (expected_scores,) = codec_type(**codec).decode(heatmaps)
    keypoints, scores = decode_heatmaps(
        heatmaps, dict(codec, type=codec_type.__name__, blur_kernel_size=11)
    )
    np.testing.assert_allclose(keypoints, expected, atol=2e-3)
    np.testing.assert_array_equal(scores, expected_scores)
    assert keypoints[-2:].tolist() == [[-4, -4], [-4, -4]]  # nowhere
