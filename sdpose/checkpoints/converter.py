# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Make ours of published checkpoints, which name the same weights otherwise.

A layout is more than names: the attention of some models is scaled by another factor, which no file
tells. What is the same in all of them: patches are flattened as (row, column, channel), and their
fixed positions are added before every layer.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from sdpose.errors import InputError

# Before the names of the transformer: MMPose 0.x; then the authors' own repositories, S and others
HEAD = r'^(?:keypoint_head\.(?:tokenpose|tokenhead)|features|transformer)\.'
# The transformer, or the first, second or third one of TokenPose-L; and the layer's number in it
LAYER = HEAD + r'transformer(?:(?:_layer)?([123]))?\.layers\.(\d+)\.'

POSITIONS = HEAD + 'pos_embedding$'


@dataclass(frozen=True)
class Layout:
    """A published layout.

    Attributes:
        name: Whose it is.
        pattern: What some of its names, and no other layout's, match.
        prunes: Whether its models drop visual tokens, or ``None`` where there are both.
        scale_by: What its authors divide Q K^T by the root of, ``head_dim`` or ``dim``, see
            :class:`sdpose.models.layers.Attention`.
    """

    name: str
    pattern: str
    prunes: bool | None
    scale_by: str = 'head_dim'

    def __str__(self) -> str:
        return self.name


OWN_LAYERS = r'\.transformer(?:(?:_layer)?[123])?\.layers\.\d+\.0\.'
WITH_RESIDUAL = r'fn\.(?:norm|fn)\.'  # TokenPose wraps its attention in Residual(PreNorm())
WITHOUT_RESIDUAL = r'(?:norm|fn\.to_\w+)\.'  # PPT adds the residual elsewhere
LAYOUTS = (
    Layout('SDPose or PPT', r'^keypoint_head\.tokenpose\.transformer_layer1\.', None),
    Layout('TokenPose', r'^keypoint_head\.tokenpose\.transformer\.', False),
    Layout('DistilPose', r'^keypoint_head\.tokenhead\.transformer\.', False),
    Layout(
        'TokenPose-S of its own repository', '^features' + OWN_LAYERS + WITH_RESIDUAL, False, 'dim'
    ),
    Layout(
        'TokenPose-T, -B or -L of its own repository',
        '^transformer' + OWN_LAYERS + WITH_RESIDUAL,
        False,
    ),
    Layout('PPT-S of its own repository', '^features' + OWN_LAYERS + WITHOUT_RESIDUAL, True, 'dim'),
    Layout('PPT-B of its own repository', '^transformer' + OWN_LAYERS + WITHOUT_RESIDUAL, True),
)

# Beginning of a published name -> ours; the first match counts, and None drops the entry. Layers
# are numbered through by then.
RENAMES: tuple[tuple[str, str | None], ...] = (
    (POSITIONS, None),  # fixed, and computed anew
    (HEAD + 'keypoint_token$', 'neck.keypoint_tokens'),
    (HEAD + r'patch_to_embedding\.', 'neck.patch_embedding.'),
    (r'^(layers\.\d+)\.0\.(?:fn\.)?norm\.', r'neck.\1.attention_norm.'),
    (r'^(layers\.\d+)\.0\.fn\.(?:fn\.)?to_qkv\.', r'neck.\1.attention.qkv.'),
    (r'^(layers\.\d+)\.0\.fn\.(?:fn\.)?to_out\.0\.', r'neck.\1.attention.out.'),
    (r'^(layers\.\d+)\.1\.fn\.norm\.', r'neck.\1.mlp_norm.'),
    (r'^(layers\.\d+)\.1\.fn\.fn\.net\.0\.', r'neck.\1.mlp.0.'),
    (r'^(layers\.\d+)\.1\.fn\.fn\.net\.3\.', r'neck.\1.mlp.2.'),
    (HEAD + r'mlp_head\.', 'head.mlp.'),
    (r'^features\.(conv1|bn1|conv2|bn2|layer1)\.', r'backbone.\1.'),
    (r'^(?:backbone|pre_feature)\.', 'backbone.'),
)

# Low-resolution outputs of HRNet's third stage, which nothing reads where stage 4 is cut off.
UNUSED_FUSE_LAYERS = r'^backbone\.stage3\.3\.fuse_layers\.[12]\.'

# What tells other published files, and what can be done with them.
AS_BACKBONE = "as model.backbone.init_cfg=dict(type='Pretrained', checkpoint=FILE)"
OTHER_FILES = {
    r'global_encoder\.': 'a TransPose, whose encoder and head cannot be built here; its '
    f'convolutions load {AS_BACKBONE}',
    'dist_token$': 'a distilled DeiT, whose second token no config here has; the others load into '
    'configs like those of configs/deit',
    r'cls_token$|blocks\.\d+\.attn\.': 'a vision transformer such as DeiT, which loads unconverted '
    'into a config like those of configs/deit',
    r'conv1\.weight$': f'a backbone alone, which loads unconverted {AS_BACKBONE}',
}


@dataclass(frozen=True)
class Converted:
    """A published checkpoint under our names.

    Attributes:
        layout: Which published layout it had.
        state_dict: Our name -> tensor.
        dropped: Published names that have no counterpart.
        positions: The fixed positions that were dropped, (1, P, D), to compare with ours.
        query_factor: What the weights of the queries were multiplied by, so that attention comes
            out as its authors scale it.
    """

    layout: Layout
    state_dict: dict[str, Tensor]
    dropped: tuple[str, ...]
    positions: Tensor | None
    query_factor: float


def recognise_layout(names: Iterable[str]) -> Layout | None:
    """Find the published layout that a state dict has, or return ``None``."""
    names = list(names)
    for layout in LAYOUTS:
        if any(re.match(layout.pattern, name) for name in names):
            return layout
    return None


def what_else(names: Iterable[str]) -> str:
    """Say what another published file is, and where it goes; nothing of an unknown one."""
    names = list(names)
    for pattern, what in OTHER_FILES.items():
        if any(re.match(pattern, name) for name in names):
            return what
    return ''


def convert_published(
    state_dict: Mapping[str, Tensor], name: str = 'This', neck: Any = None
) -> Converted:
    """Rename the weights of a published checkpoint, and scale its queries for a neck.

    Args:
        state_dict: Published name -> tensor.
        name: What to call the checkpoint in messages.
        neck: The :class:`MultiCycledTransformer` that will load it, which tells the number of heads
            and its own scale. Without it one of scale ``head_dim`` is taken for granted.

    Raises:
        InputError: The layout is not a published one, some names are unknown, or two are the same
            weight; it needs a neck, or one that prunes as its authors' does.
    """
    layout = recognise_layout(state_dict)
    if layout is None:
        raise InputError(_why_not(state_dict, name))
    if neck is not None and layout.prunes not in (None, bool(neck.pruning_layers)):
        published, here = ('drop', 'do not') if layout.prunes else ('keep all', 'drop some')
        raise InputError(
            f'{name} is {layout}, whose models {published} visual tokens, but those of this config '
            f'{here}: set neck.pruning as its authors do, or give another config.'
        )
    factor = _query_factor(layout, name, neck)
    converted: dict[str, Tensor] = {}
    dropped: list[str] = []
    unknown: list[str] = []
    stage4_is_cut = not any('.stage4.' in key for key in state_dict)
    for key, numbered in _numbered_through(state_dict).items():
        pattern, ours = next(
            ((pattern, ours) for pattern, ours in RENAMES if re.match(pattern, numbered)), ('', '')
        )
        renamed = re.sub(pattern, ours, numbered) if ours else ''
        if ours is None or (stage4_is_cut and re.match(UNUSED_FUSE_LAYERS, renamed)):
            dropped.append(key)
        elif not ours or renamed in converted:
            unknown.append(key)
        else:
            converted[renamed] = state_dict[key]
            if renamed.endswith('.attention.qkv.weight') and factor != 1:
                converted[renamed] = _scale_queries(state_dict[key], factor)
    if unknown:
        raise InputError(
            f'{name} looks like {layout}, but these names are unknown or there twice: '
            f'{unknown[:4]}.'
        )
    if hasattr(neck, 'query_gain'):  # which scale the weights are for, where it is not the usual
        converted['neck.query_gain'] = neck.query_gain
    positions = next((state_dict[key] for key in dropped if re.match(POSITIONS, key)), None)
    return Converted(layout, converted, tuple(dropped), positions, factor)


def _why_not(names: Iterable[str], name: str) -> str:
    if 'neck.keypoint_tokens' in names:
        return f'{name} has our names already: nothing is to convert. Use it as it is.'
    if what := what_else(names):
        return f'{name} cannot be converted: it is {what}.'
    return (
        f'{name} is no published checkpoint of {" / ".join(map(str, LAYOUTS))}. '
        f'Its first names are: {", ".join(list(names)[:4]) or "none"}.'
    )


def _query_factor(layout: Layout, name: str, neck: Any) -> float:
    """The published scale of Q K^T, divided by the neck's."""
    if neck is None and layout.scale_by == 'dim':
        raise InputError(
            f'{name} is {layout}, which scales attention by dim^-0.5 instead of head_dim^-0.5: its '
            'weights can be converted for a known number of heads only, which they do not tell. '
            'Add --config CONFIG, whose model has it.'
        )
    if neck is None:
        return 1
    attention = neck.layers[0].attention
    gain = attention.num_heads**-0.5 if layout.scale_by == 'dim' else 1
    return gain / attention.query_gain


def _scale_queries(qkv: Tensor, factor: float) -> Tensor:
    """Multiply the first third of the rows of (3 D, D); what has another shape fits no model."""
    qkv = qkv.clone()
    if qkv.ndim:
        qkv[: len(qkv) // 3] *= factor
    return qkv


def _numbered_through(names: Iterable[str]) -> dict[str, str]:
    """Let names of layers begin with ``layers.N.``, through all transformers of a row."""
    layers = {name: match for name in names if (match := re.match(LAYER, name))}
    depth = 1 + max((int(match[2]) for match in layers.values()), default=0)
    numbered = {name: name for name in names}
    for name, match in layers.items():
        index = (int(match[1] or 1) - 1) * depth + int(match[2])
        numbered[name] = f'layers.{index}.{name[match.end() :]}'
    return numbered
