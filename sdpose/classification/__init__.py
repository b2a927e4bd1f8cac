# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""SDPose's scheme on image classification (its table 9), whole: DeiT with cycles, on timm."""

from sdpose.classification.cycled_deit import CycledDeiT
from sdpose.classification.image_folder import ImageFolderDataset
from sdpose.classification.repeated_augmentation import repeated_augmentation_sampler
from sdpose.classification.timm_transform import TimmTransform
from sdpose.classification.top_k_accuracy import TopKAccuracy

__all__ = [
    'CycledDeiT',
    'ImageFolderDataset',
    'TimmTransform',
    'TopKAccuracy',
    'repeated_augmentation_sampler',
]
