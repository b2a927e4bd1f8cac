# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The Multi-Cycled Transformer (MCT) of SDPose; with one cycle it is TokenPose's transformer."""

import logging
import math
from collections.abc import Sequence
from typing import cast

import torch
from mmengine.logging import print_log
from mmengine.model import BaseModule
from mmpose.registry import MODELS
from torch import Tensor, nn

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.cycles import Cycled
from sdpose.models.layers import EncoderLayer, sine_positions_2d, split_into_patches
from sdpose.models.tokens import Tokens


@MODELS.register_module()
class MultiCycledTransformer(Cycled, BaseModule):
    """Turn a feature map into tokens and send them through the same layers several times.

    The map is cut into patches, each projected to a visual token. ``num_keypoints`` learnable
    keypoint tokens join them. One pass through all ``depth`` layers is a cycle; each cycle
    continues with the tokens of the one before (SDPose section 3.1, figure 3). Training runs
    ``num_cycles`` so that each cycle can teach the one before it, inference ``test_cycles``.

    Fixed 2-D sine positions are added to the visual tokens at the entry, and again before every
    layer but the first of each cycle. Keypoint tokens carry no position.

    Args:
        in_channels: Channels C of the feature map.
        feature_size: Height and width of the feature map.
        patch_size: Height and width of a patch in pixels of the feature map.
        num_keypoints: Number K of keypoint tokens.
        dim: Width D of a token.
        depth: Number of encoder layers.
        num_heads: Number of attention heads.
        mlp_ratio: Width of the MLP's hidden layer as a multiple of ``dim``.
        pruning: ``keep_ratio`` in (0, 1) and ``layers`` (0-based): each of these layers of the
            first cycle keeps ceil(keep_ratio * P) of P visual tokens (PPT). Later cycles go on
            with the kept tokens. ``None`` keeps all.
        num_cycles: Cycles that run in training mode, at least 1.
        test_cycles: Cycles that run in evaluation mode, at least 1. It can be set on a built
            model, also to more cycles than training saw (that is allowed; whether it helps is
            the user's experiment). The weights are the same for every number of cycles.
        init_cfg: MMEngine's initialization config; linear layers truncated normal 0.02 by default.

    Raises:
        InputError: A number is out of its range (:func:`checked`), the patches do not tile the
            feature map, or ``pruning`` names a layer that does not exist.
    """

    @checked
    def __init__(
        self,
        in_channels: int,
        feature_size: tuple[int, int],
        patch_size: tuple[int, int],
        num_keypoints: int,
        dim: int = 192,
        depth: int = 12,
        num_heads: int = 8,
        mlp_ratio: float = 3,
        pruning: dict | None = None,
        num_cycles: int = 1,
        test_cycles: int = 1,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='TruncNormal', layer='Linear', std=0.02))
        (height, width), (patch_h, patch_w) = feature_size, patch_size
        if height % patch_h or width % patch_w:
            raise InputError(
                f'Patches of {patch_h}x{patch_w} (neck.patch_size, h x w) do not tile a feature '
                f'map of {height}x{width} (neck.feature_size); each side must be a multiple.'
            )
        self.in_channels = in_channels
        self.feature_size = (height, width)
        self.patch_size = (patch_h, patch_w)
        self.num_keypoints = num_keypoints
        self.num_cycles = num_cycles
        self.test_cycles = test_cycles
        self._has_told_map = False

        self.patch_embedding = nn.Linear(patch_h * patch_w * in_channels, dim)
        self.keypoint_tokens = nn.Parameter(torch.empty(1, num_keypoints, dim))
        nn.init.trunc_normal_(self.keypoint_tokens, std=0.02)
        self.layers = nn.ModuleList(EncoderLayer(dim, num_heads, mlp_ratio) for _ in range(depth))

        num_patches = (height // patch_h) * (width // patch_w)
        self.num_kept = _visual_tokens_kept(num_patches, depth, **pruning) if pruning else {}

        visual_positions = sine_positions_2d(height // patch_h, width // patch_w, dim)
        no_positions = torch.zeros(1, num_keypoints, dim)
        positions = torch.cat([no_positions, visual_positions], dim=1)  # (1, K + P, D)
        self.register_buffer('positions', positions, persistent=False)
        self.positions: Tensor

    def forward(self, feats: Sequence[Tensor]) -> tuple[Tokens, ...]:
        """Compute the tokens of each cycle.

        Args:
            feats: Feature maps of the backbone; the last one, (B, C, H, W), is used.

        Returns:
            The tokens after each cycle that ran, first cycle first.

        Raises:
            InputError: The feature map has another size than the neck was built for.
        """
        if self.training and len(feats) > 1 and not self._has_told_map:
            self._has_told_map = True
            message = f'The backbone gives {len(feats)} feature maps; the neck reads the last.'
            print_log(message, 'current', logging.WARNING)
        visual = self.patch_embedding(self._patches(feats[-1]))  # (B, P, D)
        keypoint = self.keypoint_tokens.expand(visual.shape[0], -1, -1)  # (B, K, D)
        positions = self.positions
        tokens = torch.cat([keypoint, visual], dim=1) + positions
        cycles = []
        for cycle in range(self.cycles_to_run):
            num_kept = self.num_kept if cycle == 0 else {}
            tokens, positions = self._cycle(tokens, positions, num_kept)
            cycles.append(Tokens(tokens[:, : self.num_keypoints], tokens[:, self.num_keypoints :]))
        return tuple(cycles)

    def _cycle(
        self, tokens: Tensor, positions: Tensor, num_kept: dict[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Send all tokens (B, K + P, D) through all layers once; some may drop visual tokens."""
        for index, layer in enumerate(self.layers):
            if index > 0:
                tokens = tokens + positions
            if index in num_kept:
                tokens, positions = cast(EncoderLayer, layer).forward_and_prune(
                    tokens, positions, self.num_keypoints, num_kept[index]
                )
            else:
                tokens = layer(tokens)
        return tokens, positions

    def _patches(self, feature_map: Tensor) -> Tensor:
        channels, height, width = feature_map.shape[1:]
        if (channels, height, width) != (self.in_channels, *self.feature_size):
            raise InputError(
                f'The neck was built for a feature map of {self.in_channels} channels, '
                f'{self.feature_size[0]}x{self.feature_size[1]} (h x w), but the backbone gives '
                f'{channels} channels, {height}x{width}. Set neck.in_channels and '
                'neck.feature_size to fit the backbone and the input size.'
            )
        return split_into_patches(feature_map, self.patch_size)


def _visual_tokens_kept(
    num_patches: int, depth: int, keep_ratio: float, layers: Sequence[int]
) -> dict[int, int]:
    """Layer -> number of visual tokens that it keeps."""
    if not set(layers) <= set(range(depth)):
        raise InputError(
            f'neck.pruning.layers={tuple(layers)}, but the layers are 0 to {depth - 1}.'
        )
    num_kept = {}
    for layer in sorted(layers):
        num_patches = num_kept[layer] = math.ceil(keep_ratio * num_patches)
    return num_kept
