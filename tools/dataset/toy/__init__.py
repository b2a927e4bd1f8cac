# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A drawn stand-in for COCO and CrowdPose: articulated figures with exact keypoint labels."""
