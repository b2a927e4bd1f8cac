# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""HRNet cut after its third stage, the backbone of TokenPose-B and SDPose-B."""

from typing import Any

from mmpose.models.backbones.hrnet import HRNet
from mmpose.registry import MODELS


@MODELS.register_module()
class HRNetStage3(HRNet):
    """MMPose's HRNet without stage 4, and with the high-resolution output of stage 3 only.

    The parts that would compute the low-resolution outputs are not built: parameters that no
    loss reaches break distributed training. ImageNet checkpoints of HRNet fit as they are.

    Args:
        extra: HRNet's ``extra`` with ``stage1``, ``stage2`` and ``stage3``.
        **kwargs: The other arguments of :class:`mmpose.models.HRNet`.
    """

    def __init__(self, extra: dict, **kwargs: Any) -> None:
        width = extra['stage3']['num_channels'][0]
        # A stage of no modules over the first branch alone makes HRNet.forward return that branch.
        no_stage4 = dict(
            num_modules=0, num_branches=1, block='BASIC', num_blocks=(), num_channels=(width,)
        )
        super().__init__({**extra, 'stage4': no_stage4}, **kwargs)
        last_module = self.stage3[-1]
        last_module.fuse_layers = last_module.fuse_layers[:1]
