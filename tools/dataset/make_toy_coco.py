# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw a toy data set of people like COCO, CrowdPose, or one with a skeleton of its own."""

import argparse
import os
import sys
from pathlib import Path

from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, run_command
from toy.style import STYLES
from toy.writer import MAX_IMAGES, Options, is_complete, write_dataset

MAX_SEED = 2**63 - 1
MAX_WORKERS = 1024  # all are started at once
EXAMPLES = """\
  # 1,000 training and 200 validation images, laid out like COCO
  python tools/dataset/make_toy_coco.py data/toy_coco

  # a small CrowdPose look-alike from another seed
  python tools/dataset/make_toy_coco.py data/toy_crowdpose --style crowdpose --images 300 --seed 7

  # people with a skeleton of their own: COCO's 17 keypoints, hands and toes
  python tools/dataset/make_toy_coco.py data/toy_hands --style hands-and-feet

The same options always give the same files, whatever --workers is. Point the data_root of an
MMPose config at OUT and train as on the real data."""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Draw a toy data set of people like COCO, CrowdPose or your own.', EXAMPLES
    )
    parser.add_argument('out', type=Path, metavar='OUT', help='folder to write the data set to')
    parser.add_argument(
        '--images', type=int, default=1000, metavar='N', help='training images (default: 1000)'
    )
    parser.add_argument(
        '--val-images', type=int, metavar='M', help='validation images (default: N / 5)'
    )
    parser.add_argument('--seed', type=int, default=0, help='seed of the drawing (default: 0)')
    parser.add_argument(
        '--style', choices=list(STYLES), default='coco', help='format to imitate (default: coco)'
    )
    parser.add_argument(
        '--workers', type=int, default=os.cpu_count() or 1, help='processes (default: one per core)'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a toy data set that is in OUT already'
    )
    args = parser.parse_args(arguments)
    if args.val_images is None:
        args.val_images = max(1, args.images // 5)
    return args


def main(arguments: Arguments = None) -> None:
    """Draw the data set, unless it is there already."""
    args = parse_args(arguments)
    for name, value, least, most in (
        ('--images', args.images, 1, MAX_IMAGES),
        ('--val-images', args.val_images, 1, MAX_IMAGES),
        ('--seed', args.seed, 0, MAX_SEED),
        ('--workers', args.workers, 1, MAX_WORKERS),
    ):
        if not least <= value <= most:
            raise InputError(f'{name} must be from {least} to {most}, but is {value}.')
    options = Options(args.images, args.val_images, args.seed, args.style)
    if is_complete(args.out, options, args.overwrite):
        print(f'{args.out} holds this data set already; nothing to do.')
        return
    write_dataset(args.out, options, args.workers)
    print(f'Wrote {args.images} training and {args.val_images} validation images to {args.out}.')


if __name__ == '__main__':
    sys.exit(run_command(main))
