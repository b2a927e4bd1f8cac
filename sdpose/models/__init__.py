# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Image -> backbone -> feature map -> neck -> tokens of each cycle -> head -> predictions."""

from sdpose.models.backbones import HRNetStage3, IdentityBackbone, StemNet
from sdpose.models.heads import PooledRegressionHead, TokenHeatmapHead, TokenRegressionHead
from sdpose.models.losses import ConfidenceLoss, SimulatedHeatmapLoss, TokenDistillationLoss
from sdpose.models.necks import MultiCycledTransformer
from sdpose.models.pose_estimators import DistilPose
from sdpose.models.regression_output import RegressionOutput
from sdpose.models.tokens import Tokens

__all__ = [
    'ConfidenceLoss',
    'DistilPose',
    'HRNetStage3',
    'IdentityBackbone',
    'MultiCycledTransformer',
    'PooledRegressionHead',
    'RegressionOutput',
    'SimulatedHeatmapLoss',
    'StemNet',
    'TokenDistillationLoss',
    'TokenHeatmapHead',
    'TokenRegressionHead',
    'Tokens',
]
