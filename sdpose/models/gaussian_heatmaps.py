# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Target heatmaps, drawn in batch where training runs."""

import torch
from torch import Tensor


def draw_heatmaps(
    keypoints: Tensor,
    weights: Tensor,
    input_size: tuple[int, int],
    heatmap_size: tuple[int, int],
    sigma: float,
) -> tuple[Tensor, Tensor]:
    """Draw a Gaussian around each keypoint, as MMPose's ``MSRAHeatmap(unbiased=True)``.

    Args:
        keypoints: (B, K, 2), x and y; anything where they are not labelled.
        weights: (B, K); keypoints below 0.5 are not labelled.
        input_size: Width and height that keypoints are measured by: those of the input in pixels,
            or (1, 1) for shares of it.
        heatmap_size: Width and height of the heatmaps in pixels.
        sigma: Of the Gaussian, in pixels of the heatmap.

    Returns:
        Heatmaps (B, K, height, width), float32, up to 1, and 0 where there is no keypoint; and the
        weights (B, K), 0 where a labelled keypoint is 3 sigma or more outside of the heatmap.
    """
    # a Gaussian is the product of one along x and one along y
    (along_x, is_near_x), (along_y, is_near_y) = (
        _along_axis(keypoints[..., axis].nan_to_num() * (length / input_size[axis]), length, sigma)
        for axis, length in enumerate(heatmap_size)
    )
    is_near, is_labelled = is_near_x & is_near_y, weights >= 0.5
    along_y = along_y * (is_near & is_labelled)[..., None]
    # the outer product: (B, K, height, 1) * (B, K, 1, width)
    heatmaps = along_y[..., None] * along_x[..., None, :]
    return heatmaps, weights.masked_fill(is_labelled & ~is_near, 0)


def _along_axis(center: Tensor, length: int, sigma: float) -> tuple[Tensor, Tensor]:
    """Gaussians around centers (B, K), (B, K, length), and whether 3 sigma of each are inside."""
    distance = torch.arange(length, device=center.device) - center[..., None]
    is_near = (center - 3 * sigma < length) & (center + 3 * sigma + 1 >= 0)
    return (-(distance**2) / (2 * sigma**2)).exp().float(), is_near
