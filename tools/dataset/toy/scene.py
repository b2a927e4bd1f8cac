# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Scenes: several persons and objects in one image, and what of each person remains visible."""

from dataclasses import dataclass

import cv2
import numpy as np

from .arrangement import arrange_distant_crowd, arrange_persons
from .background import paint_background
from .canvas import Layer, blend
from .figure import Figure, draw_figure, self_visibility
from .occluder import draw_occluder
from .outfit import sample_outfit
from .style import Style

_IMAGE_SIZES = ((320, 240), (352, 240), (288, 288), (240, 320), (256, 336))
_COVERED = 0.5  # alpha from which a pixel belongs to the layer on top
_MIN_VISIBLE_AREA = 60  # pixels; a person of whom less is seen is not annotated

# Owners of pixels; persons are numbered from 1.
_BACKGROUND, _OBJECT, _DISTANT_CROWD = 0, -1, -2


@dataclass(frozen=True)
class Person:
    """What an annotator knows about one person in an image.

    Attributes:
        keypoints: (K, 3), x and y in pixels and visibility: 2 seen, 1 covered, 0 outside the
            image or not to be guessed (then x = y = 0).
        mask: (H, W) bool, the pixels that show this person.
    """

    keypoints: np.ndarray
    mask: np.ndarray


@dataclass(frozen=True)
class Scene:
    """An image and the people in it.

    Attributes:
        image: (H, W, 3) uint8, BGR.
        persons: Persons of whom something can be seen, far ones first.
        distant_crowd: (H, W) bool, the pixels of far-off people not annotated one by one; all
            false if there are none.
    """

    image: np.ndarray
    persons: list[Person]
    distant_crowd: np.ndarray


def compose_scene(rng: np.random.Generator, style: Style) -> Scene:
    """Draws an image with all that is known about it.

    Args:
        rng: The image's own source of randomness.
        style: Which data set to imitate.

    Returns:
        The scene.
    """
    image_size = _IMAGE_SIZES[int(rng.integers(len(_IMAGE_SIZES)))]
    horizon = rng.uniform(0.35, 0.7) * image_size[1]
    image = paint_background(rng, image_size, horizon)
    owner = np.full(image.shape[:2], _BACKGROUND, np.int16)

    if rng.random() < style.distant_crowd_rate:
        for skeleton in arrange_distant_crowd(rng, image_size, horizon):
            figure = draw_figure(skeleton, sample_outfit(rng), image_size)
            _put(image, owner, figure.layer, _DISTANT_CROWD)
    figures = [
        draw_figure(skeleton, sample_outfit(rng), image_size)
        for skeleton in arrange_persons(rng, style, image_size)
    ]
    for number, figure in enumerate(figures, start=1):
        _put(image, owner, figure.layer, number)
    for _ in range(int(rng.choice([0, 1, 2], p=[0.78, 0.18, 0.04]))):
        _put(image, owner, _occluder_near(rng, figures, image_size), _OBJECT)

    persons = [
        observe(figure, owner, number, style.keypoints)
        for number, figure in enumerate(figures, start=1)
    ]
    seen = [person for person in persons if person.mask.sum() >= _MIN_VISIBLE_AREA]
    return Scene(_photograph(rng, image), seen, owner == _DISTANT_CROWD)


def observe(figure: Figure, owner: np.ndarray, number: int, landmarks: tuple[str, ...]) -> Person:
    """Decides which landmarks of a figure can be seen.

    Args:
        figure: The drawn person.
        owner: (H, W) int, whose pixel each one is.
        number: The value of ``owner`` that stands for this figure.
        landmarks: What to look for.

    Returns:
        The person with these keypoints and the visible mask.
    """
    height, width = owner.shape
    keypoints = np.zeros((len(landmarks), 3))
    for keypoint, name in zip(keypoints, landmarks, strict=True):
        x, y, _ = figure.skeleton.points[name]
        if 0 <= x <= width - 1 and 0 <= y <= height - 1:
            covered = owner[round(y), round(x)] != number
            visibility = min(self_visibility(figure, name), 1 if covered else 2)
            keypoint[:] = (x, y, visibility) if visibility else 0
    return Person(keypoints, owner == number)


def _put(image: np.ndarray, owner: np.ndarray, layer: Layer, number: int) -> None:
    blend(image, layer)
    owner[layer.window][layer.alpha >= _COVERED] = number


def _occluder_near(
    rng: np.random.Generator, figures: list[Figure], image_size: tuple[int, int]
) -> Layer:
    """Draws an object in front of one of the figures, below its head."""
    skeleton = figures[int(rng.integers(len(figures)))].skeleton
    x_min, y_min, x_max, y_max = skeleton.extent()
    centre = (rng.uniform(x_min, x_max), rng.uniform(0.7 * y_min + 0.3 * y_max, y_max))
    return draw_occluder(rng, centre, rng.uniform(0.1, 0.22) * skeleton.scale, image_size)


def _photograph(rng: np.random.Generator, image: np.ndarray) -> np.ndarray:
    """Applies a camera's brightness, contrast, blur and noise."""
    gain, offset = rng.uniform(0.8, 1.15), rng.uniform(-18, 18)
    blurred = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 0.8))
    noise = rng.normal(0, rng.uniform(1, 6), image.shape)
    return np.clip(gain * blurred + offset + noise, 0, 255).astype(np.uint8)
