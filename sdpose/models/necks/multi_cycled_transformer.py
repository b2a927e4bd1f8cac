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
from torch.utils.checkpoint import checkpoint

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError
from sdpose.models.cycles import Cycled
from sdpose.models.layers import EncoderLayer, embed_patches, sine_positions_2d
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
        num_transformers: The layers are split into this many transformers in a row, whose keypoint
            tokens are joined to ones of width ``num_transformers * dim`` (TokenPose-L). Each of
            them adds positions as a cycle does.
        num_heads: Number of attention heads.
        attention_scale: ``head_dim`` or ``dim``, see :class:`Attention`.
        mlp_ratio: Width of the MLP's hidden layer as a multiple of ``dim``.
        pruning: ``keep_ratio`` in (0, 1) and ``layers`` (0-based): each of these layers of the
            first cycle keeps ceil(keep_ratio * P) of P visual tokens (PPT). Later cycles go on
            with the kept tokens. ``None`` keeps all.
        num_cycles: Cycles that run in training mode, at least 1.
        test_cycles: Cycles that run in evaluation mode, at least 1. It can be set on a built
            model, also to more cycles than training saw (that is allowed; whether it helps is
            the user's experiment). The weights are the same for every number of cycles.
        checkpoint_cycles: Keep of all cycles but the last only what they begin with while
            training, and compute them again for the gradients: less memory for more time.
        init_cfg: MMEngine's initialization config; linear layers truncated normal 0.02 by default.

    Attributes:
        keypoints_only: Whether the last layer leaves out the visual tokens in evaluation mode, when
            nobody reads them. ``False``, until :func:`prepare_for_inference` sets it.
        grid: Rows and columns of the patches.
        train_keep_ratio: What training mode takes in place of ``pruning.keep_ratio``, in (0, 1];
            :class:`KeepRatioHook` lets it fall. ``None`` for the same.

    Raises:
        InputError: A number is out of its range (:func:`checked`), the patches do not tile the
            feature map, the transformers do not share the layers evenly, or ``pruning`` names a
            layer that does not exist.
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
        num_transformers: int = 1,
        num_heads: int = 8,
        attention_scale: str = 'head_dim',
        mlp_ratio: float = 3,
        pruning: dict | None = None,
        num_cycles: int = 1,
        test_cycles: int = 1,
        checkpoint_cycles: bool = False,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg or dict(type='TruncNormal', layer='Linear', std=0.02))
        (height, width), (patch_h, patch_w) = feature_size, patch_size
        if height % patch_h or width % patch_w:
            raise InputError(
                f'Patches of {patch_h}x{patch_w} (neck.patch_size, h x w) do not tile a feature '
                f'map of {height}x{width} (neck.feature_size); each side must be a multiple.'
            )
        if depth % num_transformers:
            raise InputError(
                f'neck.depth={depth} layers cannot be shared evenly by neck.num_transformers='
                f'{num_transformers}.'
            )
        self.in_channels = in_channels
        self.feature_size = (height, width)
        self.patch_size = (patch_h, patch_w)
        self.grid = (height // patch_h, width // patch_w)
        self.num_keypoints = num_keypoints
        self.num_cycles = num_cycles
        self.test_cycles = test_cycles
        self.checkpoint_cycles = checkpoint_cycles
        self.keypoints_only = False
        self._has_told_map = False

        self.patch_embedding = nn.Linear(patch_h * patch_w * in_channels, dim)
        self.keypoint_tokens = nn.Parameter(torch.empty(1, num_keypoints, dim))
        nn.init.trunc_normal_(self.keypoint_tokens, std=0.02)
        self.layers = nn.ModuleList(
            EncoderLayer(dim, num_heads, mlp_ratio, attention_scale) for _ in range(depth)
        )
        self.layers_each = depth // num_transformers
        if attention_scale == 'dim':
            # no weight tells the scale: this entry keeps weights of one out of models of the other
            self.register_buffer('query_gain', torch.tensor(num_heads**-0.5))

        self.keep_ratio, self.pruning_layers = _read_pruning(depth, **(pruning or {}))
        self.train_keep_ratio: float | None = None

        visual_positions = sine_positions_2d(*self.grid, dim)
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
        visual = self._visual_tokens(feats[-1])  # (B, P, D)
        keypoint = self.keypoint_tokens.expand(visual.shape[0], -1, -1)  # (B, K, D)
        positions = self.positions
        tokens = torch.cat([keypoint, visual], dim=1) + positions
        cycles = []
        last = self.cycles_to_run - 1
        for cycle in range(last + 1):
            num_kept = self.num_kept if cycle == 0 else {}
            if self.checkpoint_cycles and self.training and cycle < last:
                tokens, positions, keypoint = checkpoint(
                    self._cycle, tokens, positions, num_kept, use_reentrant=False
                )
            else:
                tokens, positions, keypoint = self._cycle(
                    tokens, positions, num_kept, is_last=cycle == last
                )
            cycles.append(Tokens(keypoint, tokens[:, self.num_keypoints :]))
        return tuple(cycles)

    @property
    def num_kept(self) -> dict[int, int]:
        """Layer -> number of visual tokens that it keeps in the present mode, if it drops any."""
        ratio = self.train_keep_ratio if self.training else None
        ratio = self.keep_ratio if ratio is None else ratio
        num_patches = math.prod(self.grid)
        num_kept = {}
        for layer in self.pruning_layers if ratio < 1 else ():
            num_patches = num_kept[layer] = math.ceil(ratio * num_patches)
        return num_kept

    def _cycle(
        self, tokens: Tensor, positions: Tensor, num_kept: dict[int, int], is_last: bool = False
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Send all tokens (B, K + P, D) through all layers once; some may drop visual tokens.

        Returns:
            Tokens and positions of what is left; and the keypoint tokens after each transformer,
            joined, (B, K, num_transformers * D).
        """
        keypoint = []
        drops_visual = is_last and self.keypoints_only and not self.training
        for index, layer in enumerate(self.layers):
            if index % self.layers_each > 0:
                tokens = tokens + positions
            if drops_visual and index == len(self.layers) - 1:
                tokens = layer(tokens, self.num_keypoints)
            elif index in num_kept:
                tokens, positions = cast(EncoderLayer, layer).forward_and_prune(
                    tokens, positions, self.num_keypoints, num_kept[index]
                )
            else:
                tokens = layer(tokens)
            if (index + 1) % self.layers_each == 0:
                keypoint.append(tokens[:, : self.num_keypoints])
        return tokens, positions, torch.cat(keypoint, dim=-1)

    def _visual_tokens(self, feature_map: Tensor) -> Tensor:
        channels, height, width = feature_map.shape[1:]
        if (channels, height, width) != (self.in_channels, *self.feature_size):
            raise InputError(
                f'The neck was built for a feature map of {self.in_channels} channels, '
                f'{self.feature_size[0]}x{self.feature_size[1]} (h x w), but the backbone gives '
                f'{channels} channels, {height}x{width}. Set neck.in_channels and '
                'neck.feature_size to fit the backbone and the input size.'
            )
        return embed_patches(feature_map, self.patch_size, self.patch_embedding)


def _read_pruning(
    depth: int, keep_ratio: float = 1, layers: Sequence[int] = ()
) -> tuple[float, list[int]]:
    """The share of visual tokens that is kept, and the layers that drop the others, in order."""
    if not set(layers) <= set(range(depth)):
        raise InputError(
            f'neck.pruning.layers={tuple(layers)}, but the layers are 0 to {depth - 1}.'
        )
    return keep_ratio, sorted(layers)
