# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Whole models, where MMPose's ``TopdownPoseEstimator`` does not do."""

from sdpose.models.pose_estimators.distilpose import DistilPose

__all__ = ['DistilPose']
