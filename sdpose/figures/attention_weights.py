# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The attention weights of a model, which its fast attention never holds in memory."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple, cast

import torch
from torch import Tensor

import sdpose.plugin  # noqa: F401  lets MMPose import

# isort: split
from mmpose.models.pose_estimators.base import BasePoseEstimator

from sdpose.errors import InputError
from sdpose.models.layers import Attention, EncoderLayer, most_attended
from sdpose.models.necks import MultiCycledTransformer


class LayerAttention(NamedTuple):
    """Attention in one layer of one cycle, of K keypoint and V visual tokens.

    Attributes:
        weights: (heads, K + V, K + V), keypoint tokens first: how much the row's token takes from
            the column's. Each row sums to 1.
        visual: (V,), which patch each visual token is, in row-major order. They are all patches
            unless the model prunes tokens (PPT).
    """

    weights: Tensor
    visual: Tensor


@torch.no_grad()
def attention_weights(attention: Attention, tokens: Tensor) -> Tensor:
    """Compute softmax(Q K^T / sqrt(D / heads)), as TokenPose section 3.2.

    Args:
        attention: The module.
        tokens: (B, N, D), what it takes.

    Returns:
        (B, heads, N, N), float32.
    """
    query, key, _ = attention.project(tokens)
    scores = query @ key.transpose(-2, -1) * query.shape[-1] ** -0.5
    return scores.float().softmax(dim=-1)


@torch.no_grad()
def attention_of_cycles(model: BasePoseEstimator, inputs: Tensor) -> list[list[LayerAttention]]:
    """Run a model and compute the attention of each of its layers, in each cycle that ran.

    The model is left as it was: what enters its attention modules is recorded by hooks, and the
    weights are computed afterwards.

    Args:
        model: In evaluation mode, with a :class:`MultiCycledTransformer` as neck.
        inputs: One normalized image, (1, 3, H, W).

    Returns:
        By cycle and layer, on the CPU.

    Raises:
        InputError: The model has no such neck.
    """
    neck = getattr(model, 'neck', None)
    if not isinstance(neck, MultiCycledTransformer):
        raise InputError('Only models with a MultiCycledTransformer as neck have such attention.')
    modules = [cast(EncoderLayer, layer).attention for layer in neck.layers]
    with recorded_tokens(modules) as recorded:
        model.extract_feat(inputs)
    visual = torch.arange(math.prod(neck.grid))
    cycles: list[list[LayerAttention]] = []
    for index, tokens in enumerate(recorded):
        cycle, layer = divmod(index, len(modules))
        if layer == 0:
            cycles.append([])
        weights = attention_weights(modules[layer], tokens)[0].cpu()
        cycles[cycle].append(LayerAttention(weights, visual))
        if cycle == 0 and layer in neck.num_kept:
            query, key, _ = modules[layer].project(tokens)
            kept = most_attended(query, key, neck.num_keypoints, neck.num_kept[layer])[0]
            visual = visual[kept[neck.num_keypoints :].cpu() - neck.num_keypoints]
    return cycles


@contextmanager
def recorded_tokens(modules: Sequence[Attention]) -> Iterator[list[Tensor]]:
    """Record what enters some attention modules, in the order in which they run.

    Args:
        modules: Attention modules; the hooks are gone when the context ends.

    Yields:
        A list that grows by tokens (B, N, D) with every run of a module.
    """
    recorded: list[Tensor] = []
    # A layer that prunes calls project() and mix() one by one, past the hooks of the module itself;
    # its projection runs in both cases.
    hooks = [
        module.qkv.register_forward_pre_hook(lambda _, inputs: recorded.append(inputs[0].detach()))
        for module in modules
    ]
    try:
        yield recorded
    finally:
        for hook in hooks:
            hook.remove()
