# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the neck hands to the head."""

from typing import NamedTuple

from torch import Tensor


class Tokens(NamedTuple):
    """Tokens after one cycle of the transformer.

    Attributes:
        keypoint: Keypoint tokens, (B, K, D).
        visual: Visual tokens, (B, P, D).
    """

    keypoint: Tensor
    visual: Tensor
