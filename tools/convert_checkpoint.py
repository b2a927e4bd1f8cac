# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Make our checkpoint of a published one: its names, and its scale of attention."""

import io
import sys
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from torch import Tensor

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import

# isort: split
from mmpose.apis.inference import dataset_meta_from_config
from mmpose.registry import MODELS

from sdpose.checkpoints.compatibility import load_strictly
from sdpose.checkpoints.converter import Converted, convert_published
from sdpose.checkpoints.safe_loading import get_state_dict, load_checkpoint_file
from sdpose.cli import run_tool
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError, blame_config
from sdpose.models import MultiCycledTransformer
from sdpose.models.layers import sine_positions_2d
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import write_whole

EXAMPLES = """\
  python tools/convert_checkpoint.py published.pth converted.pth \\
      --config configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py
  python tools/test.py configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py converted.pth"""


def build_model(config: str) -> Any:
    """Build a config's model, with random weights.

    Raises:
        InputError: It is none, or none whose neck is a :class:`MultiCycledTransformer`.
    """
    cfg = load_config(config)
    if 'model' not in cfg:
        raise InputError(f'{config} has no model: it is no whole config.')
    init_default_scope('mmpose')
    with blame_config(config):
        model = MODELS.build(cfg.model)
    if not isinstance(getattr(model, 'neck', None), MultiCycledTransformer):
        raise InputError(
            f'{config} has no MultiCycledTransformer as model.neck, as every model has whose '
            'published weights can be converted.'
        )
    return model


def verify(converted: Converted, model: Any, name: str) -> str:
    """Check that a converted checkpoint is exactly that of a model.

    Returns:
        What was compared.

    Raises:
        InputError: Names or shapes differ, or the positions are others than ours.
    """
    load_strictly(model, converted.state_dict, name)
    neck = model.neck
    rows, columns = neck.grid
    ours = f'{rows}x{columns} patches (h x w), row by row, the row half of the channels first'
    if converted.positions is None:
        return f'Positions are not in the file, so not compared with ours of {ours}.'
    found = name_positions(converted.positions.float(), neck.positions.shape[-1])
    if f'{rows}x{columns}' not in found:
        theirs = '; or '.join(found) or 'learned positions, or those of another formula'
        raise InputError(
            f'{name} has other positions than the fixed sine ones of the neck, which are those of '
            f'{ours}: its own are {theirs}. Take a config whose patches make the same grid; '
            'positions that no config has cannot be converted.'
        )
    return f'Positions are those of the neck: {ours}.'


def name_positions(positions: Tensor, dim: int) -> list[str]:
    """Find the grids whose fixed sine positions a table has.

    Args:
        positions: Published, (1, P, D).
        dim: D of the neck.

    Returns:
        ``16x12`` for rows x columns in our order, or what is different; none for learned ones.
    """
    if positions.ndim != 3 or len(positions) != 1 or positions.shape[2] != dim:
        return []
    count = positions.shape[1]
    found = []
    for rows in (number for number in range(1, count + 1) if count % number == 0):
        columns = count // rows
        ours = sine_positions_2d(rows, columns, dim)
        swapped = f'{rows}x{columns} with the column half first, or {columns}x{rows} by columns'
        for name, table in {f'{rows}x{columns}': ours, swapped: ours.roll(dim // 2, -1)}.items():
            if torch.allclose(table, positions, atol=1e-4):
                found.append(name)
    return found


def main(arguments: Arguments = None) -> None:
    """Convert."""
    parser = make_parser(
        'Convert a published TokenPose, PPT, DistilPose or SDPose checkpoint to our names.',
        EXAMPLES,
    )
    parser.add_argument('source', help='published checkpoint; read as data, never executed')
    parser.add_argument('target', type=Path, help='file to write')
    parser.add_argument(
        '--config',
        help='build its model and load the result strictly, before it is written; the names of its '
        "data set's keypoints are written too, for training that starts from the result",
    )
    args = parser.parse_args(arguments)
    weights = get_state_dict(load_checkpoint_file(args.source), args.source)
    model = build_model(args.config) if args.config else None
    converted = convert_published(weights, args.source, model and model.neck)
    print(f'Recognised {converted.layout}: {len(converted.state_dict)} tensors renamed.')
    if converted.dropped:
        print(f'Dropped (computed anew, or read by nothing): {", ".join(converted.dropped)}.')
    if model is None:
        print(
            'Not verified, and right only where neck.attention_scale is head_dim: --config CONFIG '
            'makes it fit, and loads it into a model before it is written.'
        )
    else:
        positions = verify(converted, model, args.source)
        print(f'Loads strictly into the model of {args.config}.\n{positions}')
        print(describe_scale(converted, model))
        if converted.layout.prunes is None:
            drops = 'drops' if model.neck.pruning_layers else 'does not drop'
            print(f'The config {drops} visual tokens (PPT); no name tells whether its authors did.')
    keypoints = dataset_meta_from_config(load_config(args.config)) if args.config else None
    meta = dict(dataset_meta=keypoints) if keypoints else {}
    with io.BytesIO() as buffer:
        torch.save(dict(meta=meta, state_dict=converted.state_dict), buffer)
        write_whole(args.target, buffer.getvalue())
    print(f'Wrote {args.target}.')


def describe_scale(converted: Converted, model: Any) -> str:
    """Say what attention is scaled by, and what that took."""
    factor = converted.query_factor
    taken = f'queries are multiplied by {factor:.4g} for it' if factor != 1 else 'as in the neck'
    heads = model.neck.layers[0].attention.num_heads
    return (
        f'Attention is scaled by {converted.layout.scale_by}^-0.5 as published, with the '
        f'{heads} heads of the config: {taken}.'
    )


if __name__ == '__main__':
    sys.exit(run_tool(main))
