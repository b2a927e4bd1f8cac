# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Where people stand in an image: apart, huddled together, or as a distant crowd."""

import numpy as np

from .pose import sample_pose
from .skeleton import Skeleton, build_skeleton, sample_body, sample_view
from .style import Style

_TRIES = 8  # positions drawn for a person; the one that hides least of the others is taken


def arrange_persons(
    rng: np.random.Generator, style: Style, image_size: tuple[int, int]
) -> list[Skeleton]:
    """Poses and places the people of one image.

    Args:
        rng: Source of randomness.
        style: Decides how many there are and how close together.
        image_size: (width, height) in pixels.

    Returns:
        Skeletons in image coordinates, far (small) ones first.
    """
    count = int(rng.choice(style.person_counts))
    if style.huddle:
        return _huddle(rng, count, image_size)
    heights = sorted(_body_height(rng, image_size[1]) for _ in range(count))
    placed: list[Skeleton] = []
    for height in heights:
        skeleton = _sample_skeleton(rng, height)
        candidates = [
            _stand(rng, skeleton, rng.uniform(0.06, 0.94) * image_size[0], image_size)
            for _ in range(_TRIES)
        ]
        placed.append(min(candidates, key=lambda chosen: _overlap(chosen, placed)))
    return placed


def arrange_distant_crowd(
    rng: np.random.Generator, image_size: tuple[int, int], horizon: float
) -> list[Skeleton]:
    """Places a row of small figures side by side at the horizon, far ones first."""
    width, height = image_size
    size = rng.uniform(0.09, 0.14) * height
    left = rng.uniform(0.0, 0.4) * width
    skeletons = []
    for _ in range(int(rng.integers(10, 18))):
        skeleton = _sample_skeleton(rng, size)
        x, feet = left + rng.uniform(0, 0.55) * width, horizon + rng.uniform(0.2, 0.8) * size
        skeletons.append(_moved_to(skeleton, x, feet))
    return sorted(skeletons, key=lambda skeleton: skeleton.extent()[3])


def _body_height(rng: np.random.Generator, image_height: int) -> float:
    """Standing height in pixels: one in twenty is small, the largest fill the image."""
    if rng.random() < 0.05:
        return rng.uniform(0.16, 0.32) * image_height
    return float(np.exp(rng.uniform(np.log(0.45), np.log(0.95))) * image_height)


def _sample_skeleton(rng: np.random.Generator, height: float) -> Skeleton:
    return build_skeleton(sample_pose(rng), sample_body(rng), sample_view(rng, height))


def _huddle(rng: np.random.Generator, count: int, image_size: tuple[int, int]) -> list[Skeleton]:
    """Places people of like size next to one another, from well apart to half hidden."""
    width, height = image_size
    size = rng.uniform(0.42, 0.85) * height
    spacing = rng.uniform(0.12, 0.6) * size
    x = width / 2 - spacing * (count - 1) / 2 + rng.normal(0, 0.08 * width)
    skeletons = []
    for _ in range(count):
        skeleton = _sample_skeleton(rng, size * rng.uniform(0.85, 1.18))
        # Whoever falls outside stands in a second row.
        column = x if 0 <= x <= width else rng.uniform(0.1, 0.9) * width
        skeletons.append(_stand(rng, skeleton, column, image_size))
        x += spacing * rng.uniform(0.6, 1.4)
    return sorted(skeletons, key=lambda skeleton: skeleton.scale)


def _stand(
    rng: np.random.Generator, skeleton: Skeleton, x: float, image_size: tuple[int, int]
) -> Skeleton:
    """Puts the feet on the ground; the nearer (larger) the person the lower in the image."""
    height = image_size[1]
    relative = skeleton.scale / height
    feet = height * (0.62 + 0.36 * relative + rng.normal(0, 0.04))
    standing = _moved_to(skeleton, x, feet)
    top, highest = standing.extent()[1], rng.uniform(-0.04, 0.12) * height
    # People who are taller than the image are cut off at the legs rather than at the head.
    return standing.moved(0, max(0.0, highest - top))


def _moved_to(skeleton: Skeleton, x: float, feet: float) -> Skeleton:
    x_min, _, x_max, y_max = skeleton.extent()
    return skeleton.moved(x - (x_min + x_max) / 2, feet - y_max)


def _overlap(skeleton: Skeleton, others: list[Skeleton]) -> float:
    """Share of the others' boxes that lies within this one's, summed."""
    first = np.array(skeleton.extent())
    total = 0.0
    for other in others:
        second = np.array(other.extent())
        common = np.minimum(first[2:], second[2:]) - np.maximum(first[:2], second[:2])
        total += float(np.prod(np.maximum(common, 0)) / np.prod(second[2:] - second[:2]))
    return total
