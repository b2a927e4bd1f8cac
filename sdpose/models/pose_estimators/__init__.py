# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Whole models."""

from sdpose.models.pose_estimators.distilpose import DistilPose
from sdpose.models.pose_estimators.token_pose_estimator import TokenPoseEstimator

__all__ = ['DistilPose', 'TokenPoseEstimator']
