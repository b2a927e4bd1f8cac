# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""One layer of the transformer encoder."""

from torch import Tensor, nn

from sdpose.models.layers.attention import Attention
from sdpose.models.layers.token_pruning import keep_tokens, most_attended


class EncoderLayer(nn.Module):
    """Pre-norm encoder layer: x + Attention(LN(x)), then x + MLP(LN(x)).

    Args:
        dim: Width D of a token.
        num_heads: Number of attention heads; divides ``dim``.
        mlp_ratio: Width of the MLP's hidden layer as a multiple of ``dim``.
    """

    def __init__(self, dim: int, num_heads: int, mlp_ratio: float) -> None:
        super().__init__()
        hidden = int(dim * mlp_ratio)
        self.attention_norm = nn.LayerNorm(dim)
        self.attention = Attention(dim, num_heads)
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
