# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Image -> feature map."""

from sdpose.models.backbones.hrnet_stage3 import HRNetStage3
from sdpose.models.backbones.identity import IdentityBackbone
from sdpose.models.backbones.stem_net import StemNet

__all__ = ['HRNetStage3', 'IdentityBackbone', 'StemNet']
