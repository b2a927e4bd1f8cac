# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the neck hands to the head."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from sdpose.errors import InputError


class Tokens(NamedTuple):
    """Tokens after one cycle of the transformer.

    Attributes:
        keypoint: Keypoint tokens, (B, K, D).
        visual: Visual tokens, (B, P, D).
    """

    keypoint: Tensor
    visual: Tensor


def keypoint_tokens_of(cycles: Sequence[Tokens], num_keypoints: int, dim: int) -> Tensor:
    """Take the keypoint tokens that a head was built for.

    Args:
        cycles: What the neck gives: tokens of N cycles.
        num_keypoints: The K that the head expects.
        dim: The D that the head expects.

    Returns:
        (N * B, K, D), first cycle first.

    Raises:
        InputError: The neck gives no tokens, or K or D differs.
    """
    if not all(isinstance(tokens, Tokens) for tokens in cycles):
        raise InputError(
            'The head reads tokens, but is given feature maps: set model.neck to a '
            'MultiCycledTransformer.'
        )
    keypoint_tokens = torch.cat([tokens.keypoint for tokens in cycles])
    shape = tuple(keypoint_tokens.shape[1:])
    if shape != (num_keypoints, dim):
        raise InputError(
            f'The head was built for {num_keypoints} keypoint tokens of width {dim}, but the neck '
            f"gives {shape[0]} of width {shape[1]}. Set the head's number of keypoints to "
            'neck.num_keypoints and head.in_channels to neck.dim.'
        )
    return keypoint_tokens
