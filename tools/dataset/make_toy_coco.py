# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draws a toy data set of people in the COCO keypoint or CrowdPose format."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from rich.progress import MofNCompleteColumn, Progress, TimeRemainingColumn

from toy.style import STYLES
from toy.writer import (
    MAX_IMAGES,
    DatasetError,
    Options,
    is_complete,
    write_dataset,
)

EXAMPLES = """\
examples:
  # 1,000 training and 200 validation images, laid out like COCO
  python tools/dataset/make_toy_coco.py data/toy_coco

  # a small CrowdPose look-alike from another seed
  python tools/dataset/make_toy_coco.py data/toy_crowdpose --style crowdpose --images 300 --seed 7

The same options always give the same files, whatever --workers is. Point the data_root of an
MMPose config at OUT and train as on the real data.
"""


def build_parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
        '--workers', type=int, default=os.cpu_count(), help='processes (default: one per core)'
    )
    parser.add_argument(
        '--overwrite', action='store_true', help='replace a toy data set that is in OUT already'
    )
    return parser


def checked_options(args: argparse.Namespace) -> Options:
    """Turns parsed arguments into options.

    Args:
        args: What ``build_parser`` parsed.

    Returns:
        The options of the data set.

    Raises:
        DatasetError: A number is out of range.
    """
    val_images = max(1, args.images // 5) if args.val_images is None else args.val_images
    for name, count in (('--images', args.images), ('--val-images', val_images)):
        if not 1 <= count <= MAX_IMAGES:
            raise DatasetError(f'{name} must be from 1 to {MAX_IMAGES}, but is {count}.')
    if args.seed < 0:
        raise DatasetError(f'--seed must not be negative, but is {args.seed}.')
    if args.workers < 1:
        raise DatasetError(f'--workers must be at least 1, but is {args.workers}.')
    return Options(args.images, val_images, args.seed, args.style)


def make(args: argparse.Namespace) -> str:
    """Makes the data set that the arguments ask for and returns a sentence on what was done."""
    options = checked_options(args)
    if is_complete(args.out, options, args.overwrite):
        return f'{args.out} holds this data set already; nothing to do.'
    with Progress(
        *Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeRemainingColumn()
    ) as progress:
        task = progress.add_task('Drawing', total=options.images + options.val_images)
        persons = write_dataset(
            args.out, options, args.workers, on_image=lambda: progress.advance(task)
        )
    return (
        f'Wrote {options.images} training images with {persons["train"]} persons and '
        f'{options.val_images} validation images with {persons["val"]} to {args.out}.'
    )


def main(argv: list[str] | None = None) -> int:
    """Runs the command line and returns its exit code."""
    args = build_parser().parse_args(argv)
    try:
        print(make(args))
    except DatasetError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    except OSError as error:
        print(f'error: cannot write to {args.out}: {error.strerror or error}.', file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print('Stopped; the data set is unfinished, run again to make it.', file=sys.stderr)
        return 130
    return 0


if __name__ == '__main__':
    sys.exit(main())
