# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The layers of the neck, in plain torch: patches, positions, attention, pruning, encoder layer.

Nothing here knows MMPose. B is the batch, D the width of a token, K the number of keypoint tokens
and P that of visual tokens, which follow them.
"""

import math

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn

from sdpose.errors import InputError

TEMPERATURE = 10000
SCALE = 2 * math.pi


def split_into_patches(feature_map: Tensor, patch_size: tuple[int, int]) -> Tensor:
    """Cut a feature map into patches and flatten each as (row, column, channel).

    Args:
        feature_map: (B, C, H, W).
        patch_size: Height h and width w of a patch in pixels of the map; h divides H, w divides W.

    Returns:
        (B, P, h * w * C) with P = (H / h) * (W / w) patches in row-major order.
    """
    batch, channels, height, width = feature_map.shape
    patch_h, patch_w = patch_size
    rows, columns = height // patch_h, width // patch_w
    patches = feature_map.view(batch, channels, rows, patch_h, columns, patch_w)
    patches = patches.permute(0, 2, 4, 3, 5, 1)  # (B, rows, columns, h, w, C)
    return patches.reshape(batch, rows * columns, patch_h * patch_w * channels)


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
        raise InputError(f'dim={dim} of the position embedding is not a multiple of 4.')
    rows = _sine_1d(height, dim // 2)[:, None].expand(height, width, dim // 2)
    columns = _sine_1d(width, dim // 2)[None].expand(height, width, dim // 2)
    return torch.cat([rows, columns], dim=-1).reshape(1, height * width, dim)


def _sine_1d(length: int, dim: int) -> Tensor:
    """(length, dim): sine in the even channels, cosine in the odd ones."""
    position = torch.arange(1, length + 1, dtype=torch.float32) / (length + 1e-6) * SCALE
    exponent = torch.arange(0, dim, 2, dtype=torch.float32) / dim
    angle = position[:, None] / TEMPERATURE**exponent  # (length, dim / 2)
    return torch.stack([angle.sin(), angle.cos()], dim=-1).flatten(1)


class Attention(nn.Module):
    """Multi-head self-attention, softmax(Q K^T scale) V, as in TokenPose section 3.2.

    Args:
        dim: Width D of a token.
        num_heads: Number of heads; divides ``dim``.
        scale_by: What Q K^T is divided by the root of: ``head_dim``, D / heads; or ``dim``, D, as
            in TokenPose-S and PPT-S of their own repositories.
    """

    def __init__(self, dim: int, num_heads: int, scale_by: str = 'head_dim') -> None:
        super().__init__()
        if dim % num_heads:
            raise InputError(f'dim={dim} is not a multiple of num_heads={num_heads}.')
        self.num_heads = num_heads
        self.query_gain = 1 if scale_by == 'head_dim' else num_heads**-0.5
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor) -> Tensor:
        """Let every token attend to every token.

        Args:
            tokens: (B, N, D).

        Returns:
            (B, N, D).
        """
        return self.mix(*self.project(tokens))

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute query, key and value of tokens (B, N, D), each (B, heads, N, D / heads).

        Queries are such that Q K^T is still to be divided by sqrt(D / heads), whatever the scale.
        """
        batch, length, dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, length, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        return query if self.query_gain == 1 else query * self.query_gain, key, value

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Mix values by attention: three times (B, heads, N, D / heads) -> (B, N, D)."""
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.out(attended.transpose(1, 2).flatten(2))


def most_attended(query: Tensor, key: Tensor, num_keypoints: int, num_kept: int) -> Tensor:
    """Choose the visual tokens with the largest attention from keypoint tokens.

    Attention is averaged over heads and summed over keypoint tokens.

    Args:
        query: (B, heads, K + P, D / heads); keypoint tokens come first.
        key: The same shape.
        num_keypoints: K.
        num_kept: How many of the P visual tokens to choose.

    Returns:
        Indices (B, K + num_kept) of all keypoint tokens, then of the chosen visual tokens, the
        most attended first.
    """
    keypoint_query = query[:, :, :num_keypoints] * query.shape[-1] ** -0.5
    scores = keypoint_query @ key.transpose(-2, -1)  # (B, heads, K, K + P)
    attention = scores.float().softmax(dim=-1).mean(1).sum(1)  # (B, K + P)
    visual = attention[:, num_keypoints:].topk(num_kept).indices + num_keypoints
    keypoint = torch.arange(num_keypoints, device=query.device).expand(query.shape[0], -1)
    return torch.cat([keypoint, visual], dim=1)


def keep_tokens(tokens: Tensor, kept: Tensor) -> Tensor:
    """Gather tokens.

    Args:
        tokens: (B, N, D), or (1, N, D) for the same ones in every sample.
        kept: Indices (B, M).

    Returns:
        (B, M, D).
    """
    tokens = tokens.expand(kept.shape[0], -1, -1)
    return tokens.gather(1, kept[..., None].expand(-1, -1, tokens.shape[-1]))


class EncoderLayer(nn.Module):
    """Pre-norm encoder layer: x + Attention(LN(x)), then x + MLP(LN(x)).

    Args:
        dim: Width D of a token.
        num_heads: Number of attention heads; divides ``dim``.
        mlp_ratio: Width of the MLP's hidden layer as a multiple of ``dim``.
        scale_by: See :class:`Attention`.
    """

    def __init__(
        self, dim: int, num_heads: int, mlp_ratio: float, scale_by: str = 'head_dim'
    ) -> None:
        super().__init__()
        hidden = int(dim * mlp_ratio)
        if hidden < 1:
            raise InputError(f'mlp_ratio={mlp_ratio} leaves no hidden layer of dim={dim}.')
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = Attention(dim, num_heads, scale_by)
        self.mlp_norm = nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, hidden), nn.GELU(), nn.Linear(hidden, dim))

    def forward(self, tokens: Tensor) -> Tensor:
        """Run the layer.

        Args:
            tokens: (B, N, D).

        Returns:
            (B, N, D).
        """
        tokens = tokens + self.attention(self.attention_norm(tokens))
        return tokens + self.mlp(self.mlp_norm(tokens))

    def forward_and_prune(
        self, tokens: Tensor, positions: Tensor, num_keypoints: int, num_kept: int
    ) -> tuple[Tensor, Tensor]:
        """Run the layer, and drop visual tokens between its attention and its MLP (PPT).

        Args:
            tokens: Keypoint tokens, then visual tokens, (B, K + P, D).
            positions: Their positions, (B or 1, K + P, D).
            num_keypoints: K.
            num_kept: How many of the P visual tokens stay.

        Returns:
            Tokens and positions, each (B, K + num_kept, D).
        """
        query, key, value = self.attention.project(self.attention_norm(tokens))
        tokens = tokens + self.attention.mix(query, key, value)
        kept = most_attended(query, key, num_keypoints, num_kept)
        tokens, positions = keep_tokens(tokens, kept), keep_tokens(positions, kept)
        return tokens + self.mlp(self.mlp_norm(tokens)), positions
