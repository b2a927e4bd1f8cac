# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Data sets, transforms and samplers that MMPose lacks: image classification through timm."""

from sdpose.datasets.image_folder import ImageFolderDataset
from sdpose.datasets.repeated_augmentation import repeated_augmentation_sampler
from sdpose.datasets.timm_transform import TimmTransform

__all__ = ['ImageFolderDataset', 'TimmTransform', 'repeated_augmentation_sampler']
