# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Poses of persons in pictures, for programs; ``tools/infer.py`` is the same as a command."""

from sdpose.apis.image_poses import ImagePoses
from sdpose.apis.person_boxes import PersonBoxes
from sdpose.apis.pose_inferencer import PoseInferencer

__all__ = ['ImagePoses', 'PersonBoxes', 'PoseInferencer']
