# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Distillation of heatmaps into a regression model."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError

REACH = 3  # sigmas beyond which a Gaussian counts as gone
SMALLEST = 1e-3  # pixels; gradients by a sigma near 0 would not be numbers


def simulate_heatmaps(coordinate: Tensor, sigma: Tensor, heatmap_size: tuple[int, int]) -> Tensor:
    """Draw what a regression model predicts as heatmaps (DistilPose section 3).

    Args:
        coordinate: (B, K, 2), x and y in [0, 1]; x = 1 is the right edge, half a pixel beyond the
            centre of the last column.
        sigma: (B, K, 2), positive, in pixels of the heatmap.
        heatmap_size: Height H and width W.

    Returns:
        (B, K, H, W): unnormalised Gaussians, 1 at their centre (x * W, y * H).
    """
    height, width = heatmap_size
    columns = torch.arange(width, dtype=coordinate.dtype, device=coordinate.device)
    rows = torch.arange(height, dtype=coordinate.dtype, device=coordinate.device)
    along_x = _gaussian(columns, coordinate[..., :1] * width, sigma[..., :1])  # (B, K, W)
    along_y = _gaussian(rows, coordinate[..., 1:] * height, sigma[..., 1:])  # (B, K, H)
    return along_y[..., :, None] * along_x[..., None, :]


def _gaussian(position: Tensor, center: Tensor, sigma: Tensor) -> Tensor:
    return torch.exp(-0.5 * ((position - center) / sigma.clamp(min=SMALLEST)) ** 2)


@MODELS.register_module()
class SimulatedHeatmapLoss(nn.Module):
    """Mean squared error between simulated heatmaps and a teacher's (DistilPose section 3).

    Keypoints whose Gaussian misses the map by more than 3 sigma have weight 0.

    Args:
        loss_weight: Weight of the loss (1 in the paper).
    """

    @checked
    def __init__(self, loss_weight: float = 1.0) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self, coordinate: Tensor, sigma: Tensor, teacher_heatmap: Tensor, weight: Tensor
    ) -> Tensor:
        """Compare a student's locations with its teacher's heatmaps.

        Args:
            coordinate: (B, K, 2), x and y in [0, 1].
            sigma: (B, K, 2), positive, in pixels of the heatmap.
            teacher_heatmap: (B, K, H, W).
            weight: (B, K), 0 for keypoints that do not count.

        Returns:
            A scalar: the mean over batch, keypoints and pixels.

        Raises:
            InputError: The teacher has another number of keypoints.
        """
        check_same_keypoints(coordinate, teacher_heatmap)
        height, width = teacher_heatmap.shape[2:]
        size = coordinate.new_tensor((width, height))
        center = coordinate * size
        in_reach = (center + REACH * sigma >= 0) & (center - REACH * sigma < size)
        weight = weight * in_reach.all(-1)  # (B, K)
        error = simulate_heatmaps(coordinate, sigma, (height, width)) - teacher_heatmap
        return self.loss_weight * (error * weight[..., None, None]).square().mean()


def check_same_keypoints(coordinate: Tensor, teacher_heatmap: Tensor) -> None:
    """Check that a teacher has a heatmap for each keypoint of its student.

    Args:
        coordinate: The student's, (B, K, 2).
        teacher_heatmap: (B, K, H, W).

    Raises:
        InputError: It has another number.
    """
    if coordinate.shape[1] != teacher_heatmap.shape[1]:
        raise InputError(
            f'The student predicts {coordinate.shape[1]} keypoints, but its teacher has heatmaps '
            f'of {teacher_heatmap.shape[1]}. Give a teacher of the same keypoints.'
        )
