# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Image -> backbone -> feature map -> neck -> tokens of each cycle -> head -> predictions."""

from sdpose.models.backbones import HRNetStage3, IdentityBackbone, StemNet
from sdpose.models.heads import TokenHeatmapHead
from sdpose.models.losses import TokenDistillationLoss
from sdpose.models.necks import MultiCycledTransformer
from sdpose.models.tokens import Tokens

__all__ = [
    'HRNetStage3',
    'IdentityBackbone',
    'MultiCycledTransformer',
    'StemNet',
    'TokenDistillationLoss',
    'TokenHeatmapHead',
    'Tokens',
]
