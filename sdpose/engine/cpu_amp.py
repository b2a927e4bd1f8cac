# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Mixed precision on processors, which MMEngine has for GPUs only."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmengine.optim import OptimWrapper
from mmpose.registry import OPTIM_WRAPPERS
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """Compute losses in bfloat16, whose range is that of float32: losses need no scale."""

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Compute what is inside under autocast.

        Args:
            model: What is trained.
        """
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield
