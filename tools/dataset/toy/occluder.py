# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Objects that stand in front of people."""

import numpy as np

from .canvas import Canvas, Layer, scale_colour
from .outfit import sample_colour


def draw_occluder(
    rng: np.random.Generator, centre: tuple[float, float], size: float, image_size: tuple[int, int]
) -> Layer:
    """Draws a crate, post, bush, ball or board.

    Args:
        rng: Source of randomness.
        centre: Its middle (x, y) in image pixels.
        size: Half of its longer side in pixels.
        image_size: (width, height) in pixels.

    Returns:
        The picture; its parts are all 1.
    """
    x, y = centre
    canvas = Canvas((x - size, y - size, x + size, y + size), image_size)
    colour = sample_colour(rng, (0.1, 0.7), (0.3, 0.85))
    kind = rng.choice(['crate', 'post', 'bush', 'ball', 'board'])
    if kind == 'post':
        canvas.rounded([[x, y - size], [x, y + size]], [0.12 * size] * 2, colour, 1)
    elif kind == 'bush':
        for leaf in rng.uniform(-0.6, 0.6, size=(9, 2)) * size + centre:
            green = scale_colour((60, 130, 70), rng.uniform(0.6, 1.2))
            canvas.rounded([leaf], [0.35 * size], green, 1)
    elif kind == 'ball':
        canvas.rounded([centre], [0.5 * size], colour, 1)
    else:
        half = np.array([size, 0.7 * size if kind == 'crate' else 0.25 * size])
        corners = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]]) * half
        canvas.polygon(centre + corners, colour, 1)
        canvas.polygon(centre + 0.8 * corners, scale_colour(colour, 0.75), 1)
    return canvas.to_layer()
