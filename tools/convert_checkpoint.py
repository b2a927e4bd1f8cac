# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Rename the weights of a published checkpoint (MMPose 0.x) to ours."""

import argparse
import io
from pathlib import Path

import torch

from sdpose.checkpoints.published import convert_published
from sdpose.checkpoints.safe_loading import get_state_dict, load_checkpoint_file
from sdpose.cli import make_parser, run_tool
from sdpose.engine import AtomicLocalBackend

EXAMPLES = """\
  python tools/convert_checkpoint.py published.pth converted.pth
  python tools/test.py configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py converted.pth"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Convert a published TokenPose, PPT, DistilPose or SDPose checkpoint to our names.',
        EXAMPLES,
    )
    parser.add_argument('source', help='published checkpoint; read as data, never executed')
    parser.add_argument('target', type=Path, help='file to write')
    return parser.parse_args()


def main() -> None:
    """Convert."""
    args = parse_args()
    checkpoint = load_checkpoint_file(args.source)
    converted = convert_published(get_state_dict(checkpoint, args.source))
    with io.BytesIO() as buffer:
        torch.save(dict(meta={}, state_dict=converted.state_dict), buffer)
        AtomicLocalBackend().put(buffer.getvalue(), args.target)
    print(f'Recognised {converted.layout}: {len(converted.state_dict)} tensors renamed.')
    if converted.dropped:
        print(f'Dropped, because nothing reads them: {", ".join(converted.dropped)}.')
    print(f'Wrote {args.target}.')


if __name__ == '__main__':
    run_tool(main)
