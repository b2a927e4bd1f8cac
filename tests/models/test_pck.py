# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmpose.evaluation.functional import keypoint_pck_accuracy, pose_pck_accuracy

from sdpose.models.pck import pck_accuracy, peaks


@pytest.mark.parametrize('seed', range(4))
def test_accuracy_of_coordinates_is_that_of_mmpose(seed):
    generator = torch.Generator().manual_seed(seed)
    target = torch.rand(5, 17, 2, generator=generator)
    found = target + 0.05 * torch.randn(5, 17, 2, generator=generator)
    weights = (torch.rand(5, 17, generator=generator) > 0.6).float()
    weights[:, 3] = 0  # a keypoint that nobody has
    size = (1.0, 0.8)
    _, expected, _ = keypoint_pck_accuracy(
        found.numpy(), target.numpy(), weights.numpy() > 0, 0.05, np.tile(size, (5, 1))
    )
    assert pck_accuracy(found, target, weights, size).item() == pytest.approx(expected)


def test_accuracy_of_heatmaps_is_that_of_mmpose():
    generator = torch.Generator().manual_seed(0)
    found, target = (torch.rand(6, 4, 8, 6, generator=generator) for _ in range(2))
    found[:3] = target[:3]
    weights = torch.ones(6, 4)
    _, expected, _ = pose_pck_accuracy(found.numpy(), target.numpy(), weights.numpy() > 0)
    accuracy = pck_accuracy(peaks(found), peaks(target), weights, (8, 6))
    assert accuracy.item() == pytest.approx(expected)
    assert accuracy >= 0.5


def test_nobody_is_labelled():
    coordinates = torch.zeros(2, 3, 2)
    assert pck_accuracy(coordinates, coordinates, torch.zeros(2, 3), (1, 1)) == 0


def test_peaks_are_x_and_y():
    heatmaps = torch.zeros(1, 2, 4, 3)
    heatmaps[0, 0, 3, 1] = heatmaps[0, 1, 0, 2] = 1
    assert peaks(heatmaps).tolist() == [[[1, 3], [2, 0]]]
