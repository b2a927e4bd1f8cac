# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Backgrounds: a textured wall or sky over ground, cluttered with shapes that are not people."""

import cv2
import numpy as np

from .canvas import Canvas, Colour, blend, scale_colour
from .outfit import sample_colour


def paint_background(
    rng: np.random.Generator, image_size: tuple[int, int], horizon: float
) -> np.ndarray:
    """Paints an image without people.

    Args:
        rng: Source of randomness.
        image_size: (width, height) in pixels.
        horizon: Image row, in pixels, where wall or sky meets the ground.

    Returns:
        (height, width, 3) uint8 image, BGR.
    """
    width, height = image_size
    image = np.empty((height, width, 3), np.uint8)
    row = int(np.clip(horizon, 1, height - 1))
    image[:row] = _gradient(rng, row)
    image[row:] = _gradient(rng, height - row)
    canvas = Canvas((0, 0, width, height), image_size)
    for _ in range(int(rng.integers(2, 7))):
        _draw_clutter(rng, canvas, image_size, horizon)
    blend(image, canvas.to_layer())
    return _textured(rng, cv2.GaussianBlur(image, (0, 0), rng.uniform(0.8, 2.2)))


def _gradient(rng: np.random.Generator, rows: int) -> np.ndarray:
    ends = np.array([_muted(rng), _muted(rng)])
    ends[1] = 0.6 * ends[0] + 0.4 * ends[1]
    share = np.linspace(0, 1, rows)[:, None, None]
    return ((1 - share) * ends[0] + share * ends[1]).astype(np.uint8)


def _muted(rng: np.random.Generator) -> Colour:
    return sample_colour(rng, (0.0, 0.3), (0.3, 0.8))


def _draw_clutter(
    rng: np.random.Generator, canvas: Canvas, image_size: tuple[int, int], horizon: float
) -> None:
    """Draws one wall, pole, tree, ball or slanted bar; bars and balls resemble limbs and heads."""
    width, height = image_size
    x, colour = rng.uniform(0, width), _muted(rng)
    size = rng.uniform(0.03, 0.2) * height
    base = horizon + rng.uniform(0, 0.6) * (height - horizon)
    kind = rng.choice(['wall', 'pole', 'tree', 'ball', 'bar', 'bar'])
    if kind == 'wall':
        top, half = base - 3 * size, 1.5 * size
        corners = [[x - half, base], [x + half, base], [x - half, top], [x + half, top]]
        canvas.polygon(corners, colour, 1)
    elif kind == 'pole':
        canvas.rounded([[x, base], [x, base - 5 * size]], [0.12 * size] * 2, colour, 1)
    elif kind == 'tree':
        canvas.rounded([[x, base], [x, base - 2 * size]], [0.2 * size] * 2, (40, 60, 90), 1)
        crown = rng.normal((x, base - 3 * size), 0.4 * size, size=(5, 2))
        leaves = scale_colour((50, 120, 60), rng.uniform(0.6, 1.3))
        for centre in crown:
            canvas.rounded([centre], [0.8 * size], leaves, 1)
    elif kind == 'ball':
        canvas.rounded([[x, rng.uniform(0, height)]], [0.5 * size], colour, 1)
    else:
        ends = rng.normal((x, rng.uniform(0, height)), 1.5 * size, size=(2, 2))
        canvas.rounded(ends, rng.uniform(0.08, 0.35, 2) * size, colour, 1)


def _textured(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Adds patches of light a few pixels to half an image wide."""
    height, width = image.shape[:2]
    total = image.astype(np.float32)
    for cells, strength in ((5, 14.0), (24, 8.0)):
        grid = rng.normal(0, strength, size=(cells, cells, 1)).astype(np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)[..., None]
    return np.clip(total, 0, 255).astype(np.uint8)
