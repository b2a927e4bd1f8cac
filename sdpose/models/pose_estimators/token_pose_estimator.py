# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""MMPose's top-down estimator, faster."""

from typing import Any

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample
from torch import Tensor


@MODELS.register_module()
class TokenPoseEstimator(TopdownPoseEstimator):
    """A top-down estimator that sends images and their mirrors through in one batch.

    Its convolutions work on maps whose channels lie side by side in memory, which are also what
    tokens are cut from. Predictions are those of MMPose's ``TopdownPoseEstimator``.

    Args:
        **kwargs: Those of MMPose's ``TopdownPoseEstimator``.
    """

    def extract_feat(self, inputs: Tensor) -> tuple:
        """Compute what the head reads.

        Args:
            inputs: Normalized crops, (B, 3, H, W).
        """
        return super().extract_feat(inputs.contiguous(memory_format=torch.channels_last))

    def predict(self, inputs: Tensor, data_samples: list[PoseDataSample]) -> list[PoseDataSample]:
        """Predict keypoints in pixels of the images.

        Args:
            inputs: Normalized crops, (B, 3, H, W).
            data_samples: Their B samples.

        Returns:
            The samples, with ``pred_instances``.
        """
        if not self.test_cfg.get('flip_test', False):
            return super().predict(inputs, data_samples)
        feats = self.extract_feat(torch.cat([inputs, inputs.flip(-1)]))
        halves = [_half(feats, index) for index in (0, 1)]
        found = self.head.predict(halves, data_samples, test_cfg=self.test_cfg)
        instances, fields = found if isinstance(found, tuple) else (found, None)
        return self.add_pred_to_datasample(instances, fields, data_samples)


def _half(feats: Any, index: int) -> Any:
    """The first or second half of maps and tokens, however they are nested, along the batch."""
    if isinstance(feats, Tensor):
        return feats.chunk(2)[index]
    halves = [_half(part, index) for part in feats]
    return type(feats)(*halves) if hasattr(feats, '_fields') else halves
