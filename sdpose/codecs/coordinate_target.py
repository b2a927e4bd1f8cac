# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Coordinates as the targets of a head that draws its target heatmaps itself."""

import numpy as np
from mmpose.codecs.base import BaseKeypointCodec
from mmpose.registry import KEYPOINT_CODECS


@KEYPOINT_CODECS.register_module()
class CoordinateTarget(BaseKeypointCodec):
    """The encoder of ``GenerateTarget`` for :class:`TokenHeatmapHead`.

    A data worker then hands over K x 3 numbers for a person instead of K heatmaps; the head draws
    the heatmaps of a whole batch where training runs.

    Args:
        input_size: Width and height of the input in pixels; settings are held against the crop's.
    """

    label_mapping_table = dict(
        input_keypoints='input_keypoints', keypoint_weights='keypoint_weights'
    )

    def __init__(self, input_size: tuple[int, int]) -> None:
        self.input_size = input_size

    def encode(
        self, keypoints: np.ndarray, keypoints_visible: np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Hand keypoints over as they are.

        Args:
            keypoints: (N, K, 2) in pixels of the input; they may be outside of it.
            keypoints_visible: (N, K), above 0 for labelled keypoints.

        Returns:
            ``input_keypoints``, (N, K, 2), and ``keypoint_weights``, (N, K), float32.
        """
        if keypoints_visible is None:
            keypoints_visible = np.ones(keypoints.shape[:2])
        return dict(
            input_keypoints=keypoints.astype(np.float32),
            keypoint_weights=keypoints_visible.astype(np.float32),
        )

    def decode(self, encoded: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give them back.

        Args:
            encoded: (N, K, 2) in pixels of the input.

        Returns:
            The same, and scores (N, K) of 1.
        """
        return encoded, np.ones(encoded.shape[:2], np.float32)
