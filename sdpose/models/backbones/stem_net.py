# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The small convolutional backbone of TokenPose-S and SDPose-S."""

from mmpose.models.backbones.base_backbone import BaseBackbone
from mmpose.models.backbones.resnet import Bottleneck, ResLayer
from mmpose.registry import MODELS
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError

DEFAULT_INIT_CFG = [
    dict(type='Normal', std=0.001, layer='Conv2d'),
    dict(type='Constant', val=1, layer='BatchNorm2d'),
]


@MODELS.register_module()
class StemNet(BaseBackbone):
    """HRNet's stem: two convolutions of stride 2, then one stage of bottleneck blocks.

    The weights carry HRNet's names, so HRNet checkpoints fit.

    Args:
        stem_channels: Channels of the two convolutions.
        out_channels: Channels of the feature map; a multiple of 4.
        num_blocks: Number of bottleneck blocks.
        norm_eval: Keep batch norms on their running statistics while training.
        frozen_stages: What is not trained: nothing (-1), the two convolutions (0), all (1).
        init_cfg: MMEngine's initialization config; convolutions normal 0.001 by default.
    """

    @checked
    def __init__(
        self,
        stem_channels: int = 64,
        out_channels: int = 256,
        num_blocks: int = 4,
        norm_eval: bool = False,
        frozen_stages: int = -1,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg or DEFAULT_INIT_CFG)
        if out_channels % 4:
            raise InputError(f'StemNet: out_channels={out_channels} is not a multiple of 4.')
        self.norm_eval = norm_eval
        self.conv1 = nn.Conv2d(3, stem_channels, 3, stride=2, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(stem_channels)
        self.conv2 = nn.Conv2d(stem_channels, stem_channels, 3, stride=2, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(stem_channels)
        self.relu = nn.ReLU(inplace=True)
        self.layer1 = ResLayer(Bottleneck, num_blocks, stem_channels, out_channels)
        parts = (self.conv1, self.bn1, self.conv2, self.bn2, self.layer1)
        self.frozen = parts[: (0, 4, 5)[frozen_stages + 1]]
        for part in self.frozen:
            part.requires_grad_(False)

    def forward(self, image: Tensor) -> tuple[Tensor]:
        """Compute the feature map.

        Args:
            image: (B, 3, H, W), normalized.

        Returns:
            One feature map, (B, out_channels, H / 4, W / 4).
        """
        x = self.relu(self.bn1(self.conv1(image)))  # (B, stem_channels, H / 2, W / 2)
        x = self.relu(self.bn2(self.conv2(x)))  # (B, stem_channels, H / 4, W / 4)
        return (self.layer1(x),)

    def train(self, mode: bool = True) -> 'StemNet':
        """Set training mode, but for batch norms under ``norm_eval`` and in frozen stages."""
        super().train(mode)
        for part in [self] if self.norm_eval else self.frozen:
            for module in part.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self
