# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Distillation of confidence."""

import torch
from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.models.losses.simulated_heatmap_loss import check_same_keypoints


@MODELS.register_module()
class ConfidenceLoss(nn.Module):
    """Absolute error between a student's confidence and what its teacher thinks of the place.

    The teacher's heatmap is read where the student puts the keypoint; outside of the image it
    is 0 (DistilPose section 3).

    Args:
        loss_weight: Weight of the loss (0.01 in the paper).
    """

    @checked
    def __init__(self, loss_weight: float = 0.01) -> None:
        super().__init__()
        self.loss_weight = loss_weight

    def forward(
        self, confidence: Tensor, coordinate: Tensor, teacher_heatmap: Tensor, weight: Tensor
    ) -> Tensor:
        """Compare a student's confidences with its teacher's heatmaps.

        Args:
            confidence: (B, K, 1).
            coordinate: (B, K, 2), x and y in [0, 1]; no gradient goes into it.
            teacher_heatmap: (B, K, H, W).
            weight: (B, K), 0 for keypoints that do not count.

        Returns:
            A scalar: the mean over batch and keypoints.

        Raises:
            InputError: The teacher has another number of keypoints.
        """
        check_same_keypoints(coordinate, teacher_heatmap)
        target = read_heatmaps(teacher_heatmap, coordinate.detach())
        return self.loss_weight * ((confidence[..., 0] - target).abs() * weight).mean()


def read_heatmaps(heatmap: Tensor, coordinate: Tensor) -> Tensor:
    """Read heatmaps at rounded coordinates.

    Here x = 1 is the centre of the last column, as published; in simulated heatmaps it is the
    right edge.

    Args:
        heatmap: (B, K, H, W).
        coordinate: (B, K, 2), x and y in [0, 1].

    Returns:
        (B, K); 0 where a coordinate is outside of [0, 1].
    """
    height, width = heatmap.shape[2:]
    inside = ((coordinate >= 0) & (coordinate <= 1)).all(-1)  # (B, K)
    last_pixel = coordinate.new_tensor((width - 1, height - 1))
    x, y = (coordinate.clamp(0, 1) * last_pixel).round().long().unbind(-1)
    value = heatmap.flatten(2).gather(2, (y * width + x)[..., None])[..., 0]
    return torch.where(inside, value, torch.zeros_like(value))
