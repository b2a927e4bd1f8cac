# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The share of correct keypoints, shown while training."""

from collections.abc import Sequence

import torch
from torch import Tensor

THRESHOLD = 0.05


def pck_accuracy(found: Tensor, target: Tensor, weights: Tensor, size: Sequence[float]) -> Tensor:
    """Compute PCK as MMPose's ``keypoint_pck_accuracy``, without leaving the device.

    Args:
        found: (B, K, 2).
        target: (B, K, 2).
        weights: (B, K); keypoints of weight 0 do not count.
        size: What x and y of the errors are divided by.

    Returns:
        The share within 5 % of the size for each keypoint, averaged over those that any sample
        has; a scalar in [0, 1].
    """
    counts = weights > 0  # (B, K)
    error_x, error_y = (found - target).unbind(-1)
    is_right = (torch.hypot(error_x / size[0], error_y / size[1]) < THRESHOLD) & counts
    num_samples = counts.sum(0)  # (K,)
    of_keypoint = is_right.sum(0) / num_samples.clamp(min=1)
    return of_keypoint.sum() / (num_samples > 0).sum().clamp(min=1)


def peaks(heatmaps: Tensor) -> Tensor:
    """Find the highest pixel of each heatmap.

    Args:
        heatmaps: (B, K, height, width).

    Returns:
        x and y, (B, K, 2), float32.
    """
    index = heatmaps.flatten(2).argmax(-1)
    width = heatmaps.shape[-1]
    return torch.stack([index % width, index // width], dim=-1).float()
