# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.codecs import MSRAHeatmap

from sdpose.codecs import CoordinateTarget
from sdpose.models.gaussian_heatmaps import draw_heatmaps

SIZES = {2.0: ((192, 256), (48, 64)), 1.5: ((96, 128), (24, 32))}


def drawn(keypoints, visible, sigma):
    input_size, heatmap_size = SIZES[sigma]
    encoded = CoordinateTarget(input_size).encode(keypoints, visible)
    given = (torch.as_tensor(encoded[name]) for name in ('input_keypoints', 'keypoint_weights'))
    return draw_heatmaps(*given, input_size, heatmap_size, sigma)


def assert_as_in_mmpose(keypoints, visible, sigma):
    input_size, heatmap_size = SIZES[sigma]
    codec = MSRAHeatmap(input_size, heatmap_size, sigma, unbiased=True)
    heatmaps, weights = drawn(keypoints, visible, sigma)
    expected = codec.encode(keypoints, visible)
    torch.testing.assert_close(
        heatmaps[0], torch.as_tensor(expected['heatmaps']), atol=1e-6, rtol=0
    )
    assert np.array_equal(weights.numpy(), expected['keypoint_weights'])


@pytest.mark.parametrize('sigma', SIZES)
@pytest.mark.parametrize('seed', range(5))
def test_heatmaps_and_weights_are_those_of_mmpose(sigma, seed):
    generator = np.random.default_rng(seed)
    width, height = SIZES[sigma][0]
    keypoints = generator.uniform(-0.4, 1.4, (1, 200, 2)) * (width, height)
    visible = generator.choice([0, 0.3, 0.5, 1], (1, 200)).astype(np.float32)
    assert_as_in_mmpose(keypoints.astype(np.float32), visible, sigma)


@given(st.floats(-60, 260, width=32), st.floats(-60, 320, width=32))
def test_any_place(x, y):
    assert_as_in_mmpose(np.array([[[x, y]]], np.float32), np.ones((1, 1), np.float32), 2.0)


def test_a_batch_is_drawn_at_once():
    generator = np.random.default_rng(0)
    persons = generator.uniform(0, 190, (3, 17, 2)).astype(np.float32)
    visible = np.ones((3, 17), np.float32)
    heatmaps, weights = drawn(persons, visible, 2.0)
    assert heatmaps.shape == (3, 17, 64, 48)
    assert weights.shape == (3, 17)
    for person, heatmap in zip(persons, heatmaps, strict=True):
        alone, _ = drawn(person[None], visible[:1], 2.0)
        assert torch.equal(heatmap, alone[0])


def test_what_is_not_labelled_may_be_anything():
    persons = np.full((1, 2, 2), np.nan, np.float32)
    persons[0, 1] = 50
    heatmaps, weights = drawn(persons, np.array([[0, 1]], np.float32), 2.0)
    assert not heatmaps[0, 0].any()
    assert heatmaps[0, 1].max() > 0.9
    assert weights.tolist() == [[0, 1]]
