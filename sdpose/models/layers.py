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


def embed_patches(feature_map: Tensor, patch_size: tuple[int, int], embedding: nn.Linear) -> Tensor:
    """Turn patches of a feature map into visual tokens.

    A convolution reads the patches where they are; to cut them out first would copy the map.

    Args:
        feature_map: (B, C, H, W).
        patch_size: Height h and width w of a patch in pixels of the map; h divides H, w divides W.
        embedding: From a patch, flattened as (row, column, channel), h * w * C, to a token of
            width D.

    Returns:
        (B, P, D) with P = (H / h) * (W / w) patches in row-major order.
    """
    weight = embedding.weight.view(-1, *patch_size, embedding.in_features // math.prod(patch_size))
    tokens = F.conv2d(feature_map, weight.permute(0, 3, 1, 2), embedding.bias, stride=patch_size)
    return tokens.flatten(2).transpose(1, 2)


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
        self.head_dim = dim // num_heads
        self.scale = self.head_dim**-0.5
        self.query_gain = 1 if scale_by == 'head_dim' else num_heads**-0.5
        self.qkv = nn.Linear(dim, 3 * dim, bias=False)
        self.out = nn.Linear(dim, dim)

    def forward(self, tokens: Tensor, num_queries: int | None = None) -> Tensor:
        """Let every token attend to every token.

        Args:
            tokens: (B, N, D).
            num_queries: Compute the first M of them only; ``None`` for all.

        Returns:
            (B, M, D).
        """
        query, key, value = self.project(tokens)
        return self.mix(query[:, :, :num_queries], key, value)

    def project(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Compute query, key and value of tokens (B, N, D), each (B, heads, N, D / heads).

        Queries are such that Q K^T is still to be divided by sqrt(D / heads), whatever the scale.
        """
        length = int(tokens.shape[1])  # else an exported graph computes shapes in every layer
        query, key, value = (
            part.reshape(-1, length, self.num_heads, self.head_dim).transpose(1, 2)
            for part in self.qkv(tokens).split(self.out.in_features, dim=-1)
        )
        return query if self.query_gain == 1 else query * self.query_gain, key, value

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Mix values by attention: queries (B, heads, M, D / heads) -> (B, M, D)."""
        if query.device.type == 'cpu' and query.dtype == torch.bfloat16 and query.requires_grad:
            # torch's gradients take half the time in float32 that they take in bfloat16
            query, key, value = query.float(), key.float(), value.float()
            with torch.autocast('cpu', enabled=False):
                attended = F.scaled_dot_product_attention(query, key, value, scale=self.scale)
        else:
            attended = F.scaled_dot_product_attention(query, key, value, scale=self.scale)
        length = int(query.shape[2])
        return self.out(attended.transpose(1, 2).reshape(-1, length, self.out.in_features))


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

    def forward(self, tokens: Tensor, num_queries: int | None = None) -> Tensor:
        """Run the layer.

        Args:
            tokens: (B, N, D).
            num_queries: Compute the first M of them only, from all; ``None`` for all.

        Returns:
            (B, M, D).
        """
        attended = self.attention(self.attention_norm(tokens), num_queries)
        tokens = tokens[:, :num_queries] + attended
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
