# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a regression head predicts."""

from typing import NamedTuple

import torch.nn.functional as F  # noqa: N812
from torch import Tensor


class RegressionOutput(NamedTuple):
    """A location for each keypoint, and how sure the model is of it.

    Attributes:
        coordinate: (B, K, 2), x and y in [0, 1] of the input's width and height.
        confidence: (B, K, 1), unbounded; about the height of the teacher's heatmap there.
        raw_sigma: (B, K, 2), unbounded, for x and y.
    """

    coordinate: Tensor
    confidence: Tensor
    raw_sigma: Tensor

    @classmethod
    def from_channels(cls, channels: Tensor) -> 'RegressionOutput':
        """Read the channels x, y, confidence, sigma_x, sigma_y, (B, K, 5), in float32."""
        coordinate, confidence, raw_sigma = channels.float().split((2, 1, 2), dim=-1)
        return cls(coordinate.sigmoid(), confidence, raw_sigma)

    @property
    def sigma(self) -> Tensor:
        """(B, K, 2), positive, in pixels of the teacher's heatmap."""
        return F.softplus(self.raw_sigma)
