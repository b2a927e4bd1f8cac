# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Multi-head self-attention."""

import torch.nn.functional as F  # noqa: N812
from torch import Tensor, nn


class Attention(nn.Module):
    """Multi-head self-attention, softmax(Q K^T / sqrt(D / heads)) V, as in TokenPose section 3.2.

    Args:
        dim: Width D of a token.
        num_heads: Number of heads; divides ``dim``.
    """

    def __init__(self, dim: int, num_heads: int) -> None:
        super().__init__()
        if dim % num_heads:
            raise ValueError(f'dim={dim} is not a multiple of num_heads={num_heads}')
        self.num_heads = num_heads
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
        """Compute query, key and value of tokens (B, N, D), each (B, heads, N, D / heads)."""
        batch, length, dim = tokens.shape
        qkv = self.qkv(tokens).view(batch, length, 3, self.num_heads, dim // self.num_heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        return query, key, value

    def mix(self, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
        """Mix values by attention: three times (B, heads, N, D / heads) -> (B, N, D)."""
        attended = F.scaled_dot_product_attention(query, key, value)
        return self.out(attended.transpose(1, 2).flatten(2))
