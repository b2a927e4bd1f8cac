# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw a toy data set for image classification: coloured shapes, one folder for each class."""

import argparse
import math
import random
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, run_command

EXAMPLES = """\
  python tools/dataset/make_toy_shapes.py data/toy_shapes
  python tools/dataset/make_toy_shapes.py data/toy_shapes --images 20 --val-images 10 --size 64"""
# A shape is a polygon of (angle in turns, radius) corners around its centre.
SHAPES = {
    'circle': [(i / 24, 1.0) for i in range(24)],
    'square': [(i / 4 + 1 / 8, 1.0) for i in range(4)],
    'star': [(i / 10, 1.0 if i % 2 else 0.4) for i in range(10)],
    'triangle': [(i / 3, 1.0) for i in range(3)],
}
MAX_IMAGES, MAX_SIZE = 100_000, 1024  # of each class; pixels
SCALE = 4  # drawn larger and scaled down, for smooth edges


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Draw coloured shapes, sorted into one folder for each class.', EXAMPLES)
    parser.add_argument('out', type=Path, help='folder of the data set')
    parser.add_argument('--images', type=int, default=250, help='training images of each class')
    parser.add_argument('--val-images', type=int, default=50, help='validation images of each')
    parser.add_argument('--size', type=int, default=32, help='width and height in pixels')
    parser.add_argument('--seed', type=int, default=0, help='the same seed draws the same images')
    return parser.parse_args(arguments)


def draw_shape(name: str, size: int, rng: random.Random) -> Image.Image:
    """Draw one shape: any light colour on any dark one, any place, size and rotation.

    Args:
        name: One of ``SHAPES``.
        size: Width and height of the image in pixels.
        rng: Where the random numbers come from.
    """
    side = size * SCALE
    background = tuple(rng.randrange(0, 100) for _ in range(3))
    colour = tuple(rng.randrange(156, 256) for _ in range(3))
    radius = side * rng.uniform(0.25, 0.4)
    x, y = (rng.uniform(radius, side - radius) for _ in range(2))
    turn = rng.random()
    corners = [
        (
            x + radius * length * math.cos(2 * math.pi * (angle + turn)),
            y + radius * length * math.sin(2 * math.pi * (angle + turn)),
        )
        for angle, length in SHAPES[name]
    ]
    image = Image.new('RGB', (side, side), background)
    ImageDraw.Draw(image).polygon(corners, fill=colour)
    return image.resize((size, size), Image.Resampling.LANCZOS)


def main(arguments: Arguments = None) -> None:
    """Draw the data set."""
    args = parse_args(arguments)
    for name, value, most in (
        ('--images', args.images, MAX_IMAGES),
        ('--val-images', args.val_images, MAX_IMAGES),
        ('--size', args.size, MAX_SIZE),
    ):
        if not 1 <= value <= most:
            raise InputError(f'{name} must be from 1 to {most}, but is {value}.')
    if args.out.exists() and any(args.out.iterdir()):
        raise InputError(f'{args.out} is not empty. Remove it, or name another folder.')
    for split, count in (('train', args.images), ('val', args.val_images)):
        for name in SHAPES:
            folder = args.out / split / name
            folder.mkdir(parents=True)
            for index in range(count):
                # a string, so that no image depends on how many there are
                rng = random.Random(f'{args.seed} {split} {name} {index}')
                draw_shape(name, args.size, rng).save(folder / f'{index:05}.png')
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_command(main))
