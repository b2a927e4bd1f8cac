# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Fixed 2-D sine position embedding."""

import math

import torch
from torch import Tensor

TEMPERATURE = 10000
SCALE = 2 * math.pi


def sine_positions_2d(height: int, width: int, dim: int) -> Tensor:
    """2-D sine position embedding of a grid of tokens (TokenPose section 3.1, after DETR).

    The first half of the channels encodes the row, the second half the column. Rows count
    1..height and are divided by height, so that the last row is 2 pi; columns alike.

    Args:
        height: Number of rows of the grid.
        width: Number of columns of the grid.
        dim: Channels D; a multiple of 4, as sine and cosine of two axes share them.

    Returns:
        (1, height * width, dim) in row-major order, values in [-1, 1].
    """
    if dim % 4:
        raise ValueError(f'dim={dim} of the position embedding is not a multiple of 4')
    rows = _sine_1d(height, dim // 2)[:, None].expand(height, width, dim // 2)
    columns = _sine_1d(width, dim // 2)[None].expand(height, width, dim // 2)
    return torch.cat([rows, columns], dim=-1).reshape(1, height * width, dim)


def _sine_1d(length: int, dim: int) -> Tensor:
    """(length, dim): sine in the even channels, cosine in the odd ones."""
    position = torch.arange(1, length + 1, dtype=torch.float32) / (length + 1e-6) * SCALE
    exponent = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    angle = position[:, None] / TEMPERATURE**exponent  # (length, dim / 2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)
