# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Drop visual tokens that keypoint tokens ignore (PPT section 3.2)."""

import torch
from torch import Tensor


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
