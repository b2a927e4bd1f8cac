# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Coordinates with a confidence each."""

import numpy as np
from mmpose.codecs import RegressionLabel
from mmpose.registry import KEYPOINT_CODECS

from sdpose.errors import InputError


@KEYPOINT_CODECS.register_module()
class RegressionWithConfidence(RegressionLabel):
    """MMPose's regression codec, for heads that predict a confidence beside x and y.

    Targets are those of :class:`mmpose.codecs.RegressionLabel`: coordinates divided by the input
    size, with weight 0 for keypoints that are not labelled or outside of the input.

    Args:
        input_size: Width and height of the input in pixels.

    Raises:
        InputError: They are not two numbers above 0.
    """

    def __init__(self, input_size: tuple[int, int]) -> None:
        super().__init__(input_size)
        if len(input_size) != 2 or not all(side > 0 for side in input_size):
            raise InputError(f'input_size={input_size} is no width and height in pixels.')

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn predictions into keypoints in pixels of the input.

        Args:
            encoded: (N, K, 3): x and y in [0, 1], and the confidence.

        Returns:
            Keypoints (N, K, 2) in pixels, and scores (N, K).
        """
        keypoints, _ = super().decode(encoded[..., :2])
        return keypoints, encoded[..., 2]
