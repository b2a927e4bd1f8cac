# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Make a trained model fast, when it will not be trained any more."""

from typing import Any

import torch
from mmcv.cnn.utils import fuse_conv_bn
from torch import nn

from sdpose.engine.compilation import compile_network
from sdpose.models.packed_linear import pack_linear_layers

WITH_MATRIX_PRODUCTS = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d)


def prepare_to_run(model: Any, half: torch.dtype | None, compiled: Any) -> None:
    """Make a model as fast as it gets where it is, see :func:`prepare_for_inference`.

    Args:
        model: A top-down model in evaluation mode, with its weights, where it is to run.
        half: See there.
        compiled: The config's ``compile``, see :func:`compile_network`.
    """
    prepare_for_inference(model, half)
    if compiled:  # torch's compiler chooses by itself who computes linear layers
        compile_network(model, compiled)
    else:
        pack_linear_layers(model)


def prepare_for_inference(model: Any, half: torch.dtype | None = None) -> None:
    """Change a model in place, with the same predictions up to rounding.

    Batch norms are folded into the convolutions before them, which a backbone must have made in the
    order in which it uses them; and the last layer of a neck computes the keypoint tokens only, if
    they are all that the head reads. Names of weights stay; those of batch norms are gone.

    Args:
        model: A top-down model in evaluation mode, with its weights.
        half: ``torch.bfloat16`` or ``torch.float16``: what ``torch.autocast``, under which the
            model is to run, would turn the weights into each time. ``None`` for single precision.
    """
    fuse_conv_bn(model)
    model.to(memory_format=torch.channels_last)
    for module in model.modules():
        if getattr(getattr(module, 'head', None), 'reads_keypoint_tokens_only', False):
            module.neck.keypoints_only = True
        if half and isinstance(module, WITH_MATRIX_PRODUCTS):
            module.to(half)
