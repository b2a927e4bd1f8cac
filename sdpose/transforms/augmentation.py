# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""MMPose's augmentation, which spends most of its time on two small things."""

import cv2
import numpy as np
from mmpose.datasets.transforms import RandomBBoxTransform, RandomFlip
from mmpose.registry import TRANSFORMS
from scipy.special import ndtr, ndtri

FLIP_CODES = {'horizontal': 1, 'vertical': 0, 'diagonal': -1}  # of OpenCV


@TRANSFORMS.register_module()
class QuickRandomFlip(RandomFlip):
    """MMPose's ``RandomFlip`` for one picture, mirrored by OpenCV.

    MMPose gives numpy's view with steps backwards, whose copy, which OpenCV's warp makes, takes
    30 times as long.
    """

    def transform(self, results: dict) -> dict:
        """Mirror ``img``, ``bbox``, ``bbox_center`` and the keypoints, see ``RandomFlip``."""
        image = results['img']
        results = super().transform(results)
        if results['flip']:
            results['img'] = cv2.flip(image, FLIP_CODES[results['flip_direction']])
        return results


@TRANSFORMS.register_module()
class QuickRandomBBoxTransform(RandomBBoxTransform):
    """MMPose's ``RandomBBoxTransform`` with the same numbers, drawn without ``scipy.stats``."""

    @staticmethod
    def _truncnorm(low: float = -1.0, high: float = 1.0, size: tuple = ()) -> np.ndarray:
        drawn = np.random.uniform(ndtr(low), ndtr(high), size)
        return ndtri(drawn).astype(np.float32)
