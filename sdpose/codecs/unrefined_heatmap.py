# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Heatmaps that are decoded without extra post-processing."""

import numpy as np
from mmpose.codecs import MSRAHeatmap
from mmpose.codecs.utils import get_heatmap_maximum
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class UnrefinedHeatmap(MSRAHeatmap):
    """MMPose's heatmaps, read at the highest pixel (DistilPose table 3).

    ``MSRAHeatmap`` refines that place: by DARK where it is ``unbiased``, else by a quarter of a
    pixel towards the higher neighbour. The targets are the same.
    """

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find the highest pixels.

        Args:
            encoded: Heatmaps, (K, H, W).

        Returns:
            Keypoints (1, K, 2) in pixels of the input, and scores (1, K).
        """
        keypoints, scores = get_heatmap_maximum(encoded)
        return keypoints[None] * self.scale_factor, scores[None]
