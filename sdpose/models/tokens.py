# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the neck hands to the head."""

from typing import NamedTuple

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


def check_keypoint_tokens(keypoint_tokens: Tensor, num_keypoints: int, dim: int) -> None:
    """Check that keypoint tokens are those that a head was built for.

    Args:
        keypoint_tokens: (B, K, D).
        num_keypoints: The K that the head expects.
        dim: The D that the head expects.

    Raises:
        InputError: K or D differs.
    """
    shape = tuple(keypoint_tokens.shape[1:])
    if shape != (num_keypoints, dim):
        raise InputError(
            f'The head was built for {num_keypoints} keypoint tokens of width {dim}, but the neck '
            f"gives {shape[0]} of width {shape[1]}. Set the head's number of keypoints to "
            'neck.num_keypoints and head.in_channels to neck.dim.'
        )
