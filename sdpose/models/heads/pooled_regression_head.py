# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A regression head for any convolutional network."""

from collections.abc import Sequence
from typing import Any

from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.models.heads.keypoint_regression_head import NUM_CHANNELS, KeypointRegressionHead
from sdpose.models.regression_output import RegressionOutput


@MODELS.register_module()
class PooledRegressionHead(KeypointRegressionHead):
    """DeepPose's fully connected layer, with confidence and sigmas (DistilPose table 6).

    Args:
        in_channels: Channels C of the pooled feature map.
        num_joints: Number K of keypoints.
        **kwargs: Those of :class:`KeypointRegressionHead`.
    """

    def __init__(self, in_channels: int, num_joints: int, **kwargs: Any) -> None:
        super().__init__(num_joints, **kwargs)
        self.fc = nn.Linear(in_channels, num_joints * NUM_CHANNELS)

    def outputs_of_cycles(self, feats: Sequence[Tensor]) -> tuple[RegressionOutput, ...]:
        """Predict from the last feature map.

        Args:
            feats: Feature maps that MMPose's ``GlobalAveragePooling`` has pooled; the last is
                (B, C).
        """
        channels = self.fc(feats[-1].flatten(1)).unflatten(1, (self.num_joints, NUM_CHANNELS))
        return (RegressionOutput.from_channels(channels),)  # of (B, K, 5)
