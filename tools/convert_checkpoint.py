# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Rename the weights of a published checkpoint to ours."""

import io
import sys
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import

# isort: split
from mmpose.registry import MODELS

from sdpose.checkpoints.compatibility import load_strictly
from sdpose.checkpoints.converter import Converted, convert_published
from sdpose.checkpoints.safe_loading import get_state_dict, load_checkpoint_file
from sdpose.cli import run_tool
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError, blame_config
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import write_whole

EXAMPLES = """\
  python tools/convert_checkpoint.py published.pth converted.pth \\
      --config configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py
  python tools/test.py configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py converted.pth"""


def verify(converted: Converted, config: str, name: str) -> None:
    """Check that a converted checkpoint is exactly that of a config's model.

    Raises:
        InputError: Names or shapes differ, or the positions are others than ours.
    """
    cfg = load_config(config)
    if 'model' not in cfg:
        raise InputError(f'{config} has no model: it is no whole config.')
    init_default_scope('mmpose')
    with blame_config(config):
        model = MODELS.build(cfg.model)
    load_strictly(model, converted.state_dict, name)
    if converted.positions is None:
        return
    ours = model.neck.positions[:, model.neck.num_keypoints :]
    if ours.shape != converted.positions.shape or not torch.allclose(
        ours, converted.positions.float(), atol=1e-4
    ):
        raise InputError(
            f'{name} has other positions than the fixed 2-D sine ones of this project; '
            'a model with learned positions cannot be converted.'
        )


def main(arguments: Arguments = None) -> None:
    """Convert."""
    parser = make_parser(
        'Convert a published TokenPose, PPT, DistilPose or SDPose checkpoint to our names.',
        EXAMPLES,
    )
    parser.add_argument('source', help='published checkpoint; read as data, never executed')
    parser.add_argument('target', type=Path, help='file to write')
    parser.add_argument(
        '--config', help='build its model and load the result strictly, before it is written'
    )
    args = parser.parse_args(arguments)
    checkpoint = load_checkpoint_file(args.source)
    converted = convert_published(get_state_dict(checkpoint, args.source), args.source)
    print(f'Recognised {converted.layout}: {len(converted.state_dict)} tensors renamed.')
    if converted.dropped:
        print(f'Dropped (computed anew, or read by nothing): {", ".join(converted.dropped)}.')
    if args.config:
        verify(converted, args.config, args.source)
        print(f'Loads strictly into the model of {args.config}.')
    else:
        print('Not verified: --config CONFIG loads it into a model before it is written.')
    with io.BytesIO() as buffer:
        torch.save(dict(meta={}, state_dict=converted.state_dict), buffer)
        write_whole(args.target, buffer.getvalue())
    print(f'Wrote {args.target}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
