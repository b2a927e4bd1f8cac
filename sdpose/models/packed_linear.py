# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Linear layers that oneDNN computes, on processors."""

import platform

import torch
from torch import Tensor, nn

PROCESSORS = ('x86_64', 'AMD64')  # by what Linux and Windows call them
OPERATORS = torch.ops.mkldnn


def pack_linear_layers(model: nn.Module) -> None:
    """Let oneDNN compute the linear layers of a model on a processor, as it does convolutions.

    torch leaves them to MKL, which is half as fast on processors other than Intel's. The weights
    are copied into the order in which oneDNN reads them, so those of the layers must not change
    any more. Models elsewhere, and torch without oneDNN, are left as they are.

    Args:
        model: In evaluation mode, with its weights; changed in place.
    """
    if platform.machine() not in PROCESSORS or not torch.backends.mkldnn.is_available():
        return
    has_half = OPERATORS._is_mkldnn_bf16_supported()
    kinds = (torch.float32, torch.bfloat16) if has_half else (torch.float32,)
    for layer in [each for each in model.modules() if isinstance(each, nn.Linear)]:
        if layer.weight.device.type == 'cpu' and layer.weight.dtype in kinds:
            vars(layer)['forward'] = _PackedLinear(layer)


class _PackedLinear:
    """What stands for a layer's ``forward``."""

    def __init__(self, layer: nn.Linear) -> None:
        self.dtype = layer.weight.dtype
        self.weight = OPERATORS._reorder_linear_weight(layer.weight.detach())
        self.bias = None if layer.bias is None else layer.bias.detach()

    def __call__(self, values: Tensor) -> Tensor:
        # under autocast a layer norm gives single precision
        values = values.to(self.dtype)
        return OPERATORS._linear_pointwise(values, self.weight, self.bias, 'none', [], '')
