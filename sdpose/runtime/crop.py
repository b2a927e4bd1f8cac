# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Cut persons out of images, as MMPose's GetBBoxCenterScale and TopdownAffine do."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np


@dataclass(frozen=True)
class CropRegion:
    """The part of an image that becomes the model's input.

    Attributes:
        center: x and y in pixels of the image.
        size: Width and height in pixels of the image; their ratio is the input's.
    """

    center: np.ndarray
    size: np.ndarray

    @classmethod
    def around(
        cls, box: Sequence[float], padding: float, input_size: tuple[int, int]
    ) -> 'CropRegion':
        """Enlarge a box, then lengthen one side so that it has the shape of the input.

        Args:
            box: x, y, width, height in pixels.
            padding: Factor by which the box is enlarged.
            input_size: Width and height of the model's input.
        """
        x, y, width, height = box
        padded_width, padded_height = width * padding, height * padding
        ratio = input_size[0] / input_size[1]
        if padded_width > padded_height * ratio:
            padded_height = padded_width / ratio
        else:
            padded_width = padded_height * ratio
        center = np.array([x + width / 2, y + height / 2], dtype=np.float32)
        return cls(center, np.array([padded_width, padded_height], dtype=np.float32))

    def cut(self, image: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
        """Cut the region out of an image and resize it.

        Args:
            image: (H, W, 3), uint8.
            input_size: Width and height of the result.

        Returns:
            (h, w, 3), uint8; black outside of the image.
        """
        half = self.size[0] / 2
        target = np.array(input_size) / 2
        # center, middle of the left side, and the point as far below it
        offsets = np.array([[0, 0], [-1, 0], [-1, 1]])
        source_points = (self.center + offsets * half).astype(np.float32)
        target_points = (target + offsets * target[0]).astype(np.float32)
        matrix = cv2.getAffineTransform(source_points, target_points)
        return cv2.warpAffine(image, matrix, input_size, flags=cv2.INTER_LINEAR)

    def to_image(self, keypoints: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
        """Move keypoints from the crop back into the image.

        Args:
            keypoints: (K, 2), pixels of the crop.
            input_size: Width and height of the crop.

        Returns:
            (K, 2), pixels of the image.
        """
        return keypoints / np.array(input_size) * self.size + self.center - self.size / 2

    def to_crop(self, keypoints: np.ndarray, input_size: tuple[int, int]) -> np.ndarray:
        """The inverse of :meth:`to_image`, for (..., 2)."""
        return (keypoints - self.center + self.size / 2) / self.size * np.array(input_size)
