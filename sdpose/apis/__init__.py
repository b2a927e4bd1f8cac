# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A trained PyTorch model, and a detector of persons, for the runtime's loop."""

import sdpose.runtime

# isort: split
import sdpose.plugin  # noqa: F401  lets MMPose import, and registers the modules

# isort: split
from sdpose.apis.person_detector import PersonDetector
from sdpose.apis.pose_inferencer import PoseInferencer
from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.person_boxes import PersonBoxes

__all__ = ['ImagePoses', 'PersonBoxes', 'PersonDetector', 'PoseInferencer']
