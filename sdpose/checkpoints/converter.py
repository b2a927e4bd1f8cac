# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Rename the weights of published checkpoints, which give other names to the same."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from torch import Tensor

from sdpose.errors import InputError

# Before the names of the transformer: MMPose 0.x, then TokenPose's own repository (S, then B)
HEAD = r'^(?:keypoint_head\.(?:tokenpose|tokenhead)|features|transformer)\.'
LAYER = HEAD + r'transformer(?:_layer1)?\.layers\.(\d+)\.'

POSITIONS = HEAD + 'pos_embedding$'

# What tells the published layouts apart.
LAYOUTS = {
    'SDPose or PPT': r'^keypoint_head\.tokenpose\.transformer_layer1\.',
    'TokenPose': r'^keypoint_head\.tokenpose\.transformer\.',
    'DistilPose': r'^keypoint_head\.tokenhead\.transformer\.',
    "TokenPose's own repository": r'^(?:features|transformer)\.transformer\.layers\.',
}

# Beginning of a published name -> ours; the first match counts, and None drops the entry.
RENAMES: tuple[tuple[str, str | None], ...] = (
    (POSITIONS, None),  # fixed, and computed anew
    (HEAD + 'keypoint_token$', 'neck.keypoint_tokens'),
    (HEAD + r'patch_to_embedding\.', 'neck.patch_embedding.'),
    (LAYER + r'0\.fn\.norm\.', r'neck.layers.\1.attention_norm.'),
    (LAYER + r'0\.fn\.fn\.to_qkv\.', r'neck.layers.\1.attention.qkv.'),
    (LAYER + r'0\.fn\.fn\.to_out\.0\.', r'neck.layers.\1.attention.out.'),
    (LAYER + r'1\.fn\.norm\.', r'neck.layers.\1.mlp_norm.'),
    (LAYER + r'1\.fn\.fn\.net\.0\.', r'neck.layers.\1.mlp.0.'),
    (LAYER + r'1\.fn\.fn\.net\.3\.', r'neck.layers.\1.mlp.2.'),
    (HEAD + r'mlp_head\.', 'head.mlp.'),
    (r'^features\.(conv1|bn1|conv2|bn2|layer1)\.', r'backbone.\1.'),
    (r'^(?:backbone|pre_feature)\.', 'backbone.'),
)

# Low-resolution outputs of HRNet's third stage, which nothing reads where stage 4 is cut off.
UNUSED_FUSE_LAYERS = r'^backbone\.stage3\.3\.fuse_layers\.[12]\.'


@dataclass(frozen=True)
class Converted:
    """A published checkpoint under our names.

    Attributes:
        layout: Which published layout it had.
        state_dict: Our name -> tensor.
        dropped: Published names that have no counterpart.
        positions: The fixed positions that were dropped, (1, P, D), to compare with ours.
    """

    layout: str
    state_dict: dict[str, Tensor]
    dropped: tuple[str, ...]
    positions: Tensor | None


def recognise_layout(names: Iterable[str]) -> str | None:
    """Name the published layout that a state dict has, or return ``None``."""
    names = list(names)
    for layout, root in LAYOUTS.items():
        if any(re.match(root, name) for name in names):
            return layout
    return None


def convert_published(state_dict: Mapping[str, Tensor], name: str = 'This') -> Converted:
    """Rename the weights of a published checkpoint.

    Args:
        state_dict: Published name -> tensor.
        name: What to call the checkpoint in messages.

    Raises:
        InputError: The layout is not a published one, some names are unknown, or two are the same
            weight.
    """
    layout = recognise_layout(state_dict)
    if layout is None and 'neck.keypoint_tokens' in state_dict:
        raise InputError(f'{name} has our names already: nothing is to convert. Use it as it is.')
    if layout is None:
        raise InputError(
            f'{name} is no published checkpoint of {" / ".join(LAYOUTS)}. '
            f'Its first names are: {", ".join(list(state_dict)[:4]) or "none"}.'
        )
    converted: dict[str, Tensor] = {}
    dropped: list[str] = []
    unknown: list[str] = []
    stage4_is_cut = not any('.stage4.' in key for key in state_dict)
    for key, tensor in state_dict.items():
        pattern, ours = next(
            ((pattern, ours) for pattern, ours in RENAMES if re.match(pattern, key)), ('', '')
        )
        renamed = re.sub(pattern, ours, key) if ours else ''
        if ours is None or (stage4_is_cut and re.match(UNUSED_FUSE_LAYERS, renamed)):
            dropped.append(key)
        elif not ours or renamed in converted:
            unknown.append(key)
        else:
            converted[renamed] = tensor
    if unknown:
        raise InputError(
            f'{name} looks like {layout}, but these names are unknown or there twice: '
            f'{unknown[:4]}.'
        )
    positions = next((state_dict[key] for key in dropped if re.match(POSITIONS, key)), None)
    return Converted(layout, converted, tuple(dropped), positions)
