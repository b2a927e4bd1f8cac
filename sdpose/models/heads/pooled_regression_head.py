# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A regression head for any convolutional network."""

from collections.abc import Sequence
from typing import Any

from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
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

    @checked
    def __init__(self, in_channels: int, num_joints: int, **kwargs: Any) -> None:
        super().__init__(num_joints, **kwargs)
        self.fc = nn.Linear(in_channels, num_joints * NUM_CHANNELS)

    def outputs_of_cycles(self, feats: Sequence[Tensor]) -> tuple[RegressionOutput, ...]:
        """Predict from the last feature map.

        Args:
            feats: Feature maps that MMPose's ``GlobalAveragePooling`` has pooled; the last is
                (B, C).

        Raises:
            InputError: C is another than the head was built for.
        """
        pooled = feats[-1].flatten(1)
        if pooled.shape[1] != self.fc.in_features:
            raise InputError(
                f'The head was built for {self.fc.in_features} features, but is given '
                f'{pooled.shape[1]}. Set head.in_channels to the channels of the backbone, and '
                "model.neck to MMPose's GlobalAveragePooling."
            )
        channels = self.fc(pooled).unflatten(1, (self.num_joints, NUM_CHANNELS))  # (B, K, 5)
        return (RegressionOutput.from_channels(channels),)
