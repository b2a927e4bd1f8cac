# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Steps of a data pipeline: MMPose's, to the last bit, in less time."""

from sdpose.transforms.augmentation import QuickRandomBBoxTransform, QuickRandomFlip
from sdpose.transforms.loading import LoadImageOnce

__all__ = ['LoadImageOnce', 'QuickRandomBBoxTransform', 'QuickRandomFlip']
