# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What holds for any size and any input: heatmaps drawn by the loss, the neck, the heads."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from mmpose.models.utils.tta import flip_coordinates, flip_heatmaps
from mmpose.structures import PoseDataSample

from sdpose.models import (
    MultiCycledTransformer,
    SimulatedHeatmapLoss,
    TokenHeatmapHead,
    TokenRegressionHead,
    Tokens,
)
from sdpose.models.layers import most_attended
from sdpose.models.losses.simulated_heatmap_loss import simulate_heatmaps

FLIP_INDICES = [0, 2, 1]
SIZE = (48, 64)
CODECS = {
    TokenHeatmapHead: dict(type='MSRAHeatmap', input_size=SIZE, heatmap_size=(12, 16), sigma=1.5),
    TokenRegressionHead: dict(type='RegressionWithConfidence', input_size=SIZE),
}
seeds = st.integers(0, 2**32 - 1)


def draw(seed, *shape, scale=1.0):
    return scale * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


# Simulated heatmaps


@given(
    row=st.integers(0, 15),
    column=st.integers(0, 11),
    sigma=st.floats(0.3, 20),
)
def test_simulated_heatmaps_are_highest_at_their_centre_and_symmetric(row, column, sigma):
    coordinate = torch.tensor([[[column / 12, row / 16]]])
    (heatmap,) = simulate_heatmaps(coordinate, torch.full((1, 1, 2), sigma), (16, 12))[0]
    assert heatmap[row, column].item() == pytest.approx(1, abs=1e-5)
    assert heatmap.max() <= 1
    assert heatmap.min() >= 0
    reach = min(column, 11 - column)
    around = heatmap[row, column - reach : column + reach + 1]
    torch.testing.assert_close(around, around.flip(0), atol=1e-4, rtol=1e-3)


@given(x=st.floats(0.4, 0.6), y=st.floats(0.4, 0.6), sigmas=st.tuples(*[st.floats(0.7, 6)] * 2))
def test_simulated_heatmaps_sum_to_the_volume_of_a_gaussian(x, y, sigmas):
    sigma = torch.tensor([[sigmas]], dtype=torch.float64)
    heatmap = simulate_heatmaps(torch.tensor([[[x, y]]], dtype=torch.float64), sigma, (64, 64))
    volume = 2 * math.pi * sigmas[0] * sigmas[1]
    assert heatmap.sum().item() == pytest.approx(volume, rel=2e-3)
    columns = torch.arange(64, dtype=torch.float64)
    mean = (heatmap.sum(-2) * columns).sum() / heatmap.sum()
    assert mean.item() == pytest.approx(64 * x, abs=0.02)


@given(
    x=st.floats(0, 1, width=32),
    y=st.floats(0, 1, width=32),
    sigma=st.floats(0, 2.0**40, width=32),
    seed=seeds,
)
def test_gradients_of_simulated_heatmaps_are_numbers_for_every_sigma(x, y, sigma, seed):
    coordinate = torch.tensor([[[x, y]]], requires_grad=True)
    sigmas = torch.full((1, 1, 2), sigma, requires_grad=True)
    teacher = draw(seed, 1, 1, 16, 12)
    loss = SimulatedHeatmapLoss()(coordinate, sigmas, teacher, torch.ones(1, 1))
    loss.backward()
    assert loss.isfinite()
    assert coordinate.grad.isfinite().all()
    assert sigmas.grad.isfinite().all()


# The neck


@st.composite
def necks(draw_one):
    """A small neck of any shape, and the (channels, height, width) that it reads."""
    patch = draw_one(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    grid = draw_one(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    channels, depth = draw_one(st.integers(1, 4)), draw_one(st.integers(1, 3))
    layers = draw_one(st.lists(st.integers(0, depth - 1), unique=True))
    ratio = draw_one(st.floats(0.05, 0.95))
    feature_size = (patch[0] * grid[0], patch[1] * grid[1])
    torch.manual_seed(0)
    neck = MultiCycledTransformer(
        in_channels=channels,
        feature_size=feature_size,
        patch_size=patch,
        num_keypoints=draw_one(st.integers(1, 5)),
        dim=draw_one(st.sampled_from([8, 16])),
        depth=depth,
        num_heads=draw_one(st.sampled_from([1, 2, 4])),
        pruning=dict(keep_ratio=ratio, layers=layers) if layers else None,
        num_cycles=draw_one(st.integers(1, 3)),
        test_cycles=draw_one(st.integers(1, 3)),
    )
    neck.init_weights()
    return neck.eval(), (channels, *feature_size)


@given(built=necks(), batch=st.integers(1, 4), seed=seeds, scale=st.floats(0, 1e4))
def test_the_neck_gives_finite_tokens_of_the_number_it_tells(built, batch, seed, scale):
    neck, shape = built
    cycles = neck((draw(seed, batch, *shape, scale=scale),))
    assert len(cycles) == neck.test_cycles
    (height, width), (patch_h, patch_w) = neck.feature_size, neck.patch_size
    num_visual = min([height * width // (patch_h * patch_w), *neck.num_kept.values()])
    assert num_visual >= 1
    dim = neck.keypoint_tokens.shape[-1]
    for tokens in cycles:
        assert tokens.keypoint.shape == (batch, neck.num_keypoints, dim)
        assert tokens.visual.shape == (batch, num_visual, dim)
        assert all(each.isfinite().all() for each in tokens)


@given(built=necks(), batch=st.integers(2, 4), seed=seeds)
def test_a_sample_does_not_depend_on_its_batch(built, batch, seed):
    neck, shape = built
    features = draw(seed, batch, *shape)
    together = neck((features,))
    for index in range(batch):
        alone = neck((features[index : index + 1],))
        for ours, theirs in zip(together, alone, strict=True):
            torch.testing.assert_close(ours.keypoint[index], theirs.keypoint[0])


@given(num_keypoints=st.integers(1, 4), num_visual=st.integers(1, 12), data=st.data(), seed=seeds)
def test_pruning_keeps_the_k_most_attended(num_keypoints, num_visual, data, seed):
    num_kept = data.draw(st.integers(1, num_visual))
    query, key = draw(seed, 2, 2, 3, num_keypoints + num_visual, 4).unbind()
    kept = most_attended(query, key, num_keypoints, num_kept)
    attention = (query @ key.transpose(-1, -2) / 2).softmax(-1)[:, :, :num_keypoints]
    received = attention.mean(1).sum(1)[:, num_keypoints:]
    for indices, received_of_sample in zip(kept.tolist(), received, strict=True):
        keypoint, visual = indices[:num_keypoints], indices[num_keypoints:]
        assert keypoint == list(range(num_keypoints))
        assert len(set(visual)) == num_kept
        ranked = received_of_sample.sort(descending=True).values
        chosen = received_of_sample[[index - num_keypoints for index in visual]]
        torch.testing.assert_close(chosen, ranked[:num_kept])


# The heads


def make_head(head_type):
    torch.manual_seed(0)
    options = {} if head_type is TokenHeatmapHead else dict(score='one')
    return head_type(8, 3, decoder=CODECS[head_type], **options).eval()


def tokens_of(seed, batch, scale=1.0):
    return (Tokens(draw(seed, batch, 3, 8, scale=scale), draw(seed, batch, 4, 8)),)


@pytest.mark.parametrize('head_type', CODECS)
@given(batch=st.integers(1, 4), seed=seeds, scale=st.floats(0, 1e4))
def test_heads_are_finite_and_do_not_mix_samples(head_type, batch, seed, scale):
    head, tokens = make_head(head_type), tokens_of(seed, batch, scale)
    output = head(tokens)
    outputs = (output,) if isinstance(output, torch.Tensor) else output
    assert all(each.isfinite().all() for each in outputs)
    alone = head((Tokens(*(each[-1:] for each in tokens[0])),))
    alone = (alone,) if isinstance(alone, torch.Tensor) else alone
    for ours, theirs in zip(outputs, alone, strict=True):
        torch.testing.assert_close(ours[-1:], theirs)
    if head_type is TokenRegressionHead:
        assert ((output.coordinate >= 0) & (output.coordinate <= 1)).all()
        assert (output.sigma >= 0).all()


@given(seed=seeds, batch=st.integers(1, 3))
def test_a_flip_of_a_flip_gives_the_same_predictions(seed, batch):
    heatmaps = draw(seed, batch, 3, 16, 12)
    options = dict(flip_indices=FLIP_INDICES, shift_heatmap=False)
    twice = flip_heatmaps(flip_heatmaps(heatmaps, **options), **options)
    torch.testing.assert_close(twice, heatmaps)
    coordinates = draw(seed, batch, 3, 2).sigmoid()
    options = dict(flip_indices=FLIP_INDICES, shift_coords=True, input_size=SIZE)
    twice = flip_coordinates(flip_coordinates(coordinates.clone(), **options), **options)
    torch.testing.assert_close(twice, coordinates)


@pytest.mark.parametrize('head_type', CODECS)
@given(seed=seeds)
def test_the_flip_test_of_a_mirrored_picture_is_the_mirrored_prediction(head_type, seed):
    """With features that are the other way round, as if the picture had been mirrored."""
    head = make_head(head_type)
    original, mirrored = tokens_of(seed, 2), tokens_of(seed // 2 + 1, 2)
    metainfo = dict(flip_indices=FLIP_INDICES, input_size=SIZE)
    samples = [PoseDataSample(metainfo=metainfo)] * 2
    options = dict(flip_test=True, shift_heatmap=False, shift_coords=True, output_heatmaps=True)
    ours, theirs = (
        head.predict(feats, samples, options)
        for feats in ([original, mirrored], [mirrored, original])
    )
    if head_type is TokenHeatmapHead:
        for one, other in zip(ours[1], theirs[1], strict=True):
            expected = other.heatmaps[FLIP_INDICES].flip(-1)
            torch.testing.assert_close(one.heatmaps, expected)
        return
    for one, other in zip(ours, theirs, strict=True):
        expected = other.keypoints[:, FLIP_INDICES]
        expected[..., 0] = SIZE[0] - 1 - expected[..., 0]
        np.testing.assert_allclose(one.keypoints, expected, atol=1e-3)
