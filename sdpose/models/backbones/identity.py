# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The backbone of a model that has none."""

from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.registry import MODELS
from torch import Tensor


@MODELS.register_module()
class IdentityBackbone(BaseBackbone):
    """The image itself as feature map, for TokenPose-T, whose transformer reads pixel patches."""

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Return the image (B, 3, H, W) as the only feature map."""
        return (image,)
