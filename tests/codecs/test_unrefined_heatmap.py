# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
from mmpose.codecs import MSRAHeatmap

from sdpose.codecs import UnrefinedHeatmap

SIZES = dict(input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, unbiased=True)


def test_decodes_to_the_highest_pixel():
    keypoints = np.array([[[41.0, 50.0], [13.3, 99.9]]], np.float32)  # pixels of the input
    heatmaps = UnrefinedHeatmap(**SIZES).encode(keypoints)['heatmaps']
    found, scores = UnrefinedHeatmap(**SIZES).decode(heatmaps)
    assert found.tolist() == [[[40.0, 48.0], [12.0, 100.0]]]  # 4 pixels of the input each
    refined, refined_scores = MSRAHeatmap(**SIZES).decode(heatmaps)
    assert np.abs(refined - keypoints).max() < 0.5
    np.testing.assert_array_equal(scores, refined_scores)


def test_targets_are_mmposes():
    keypoints = np.array([[[41.0, 50.0]]], np.float32)
    ours, theirs = (codec(**SIZES).encode(keypoints) for codec in (UnrefinedHeatmap, MSRAHeatmap))
    np.testing.assert_array_equal(ours['heatmaps'], theirs['heatmaps'])


def test_a_heatmap_without_a_peak_is_nowhere_as_in_mmpose():
    empty = np.zeros((1, 32, 24), np.float32)
    ours, theirs = (codec(**SIZES).decode(empty) for codec in (UnrefinedHeatmap, MSRAHeatmap))
    np.testing.assert_array_equal(ours[0], theirs[0])
