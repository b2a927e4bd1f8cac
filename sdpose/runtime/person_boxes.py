# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Where the persons of an image are."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame

LARGEST = 1e7  # pixels; float32 counts no further by halves


@dataclass(frozen=True)
class PersonBoxes:
    """The boxes of the persons in one image.

    Attributes:
        boxes: (N, 4), float32: x, y of the upper left corner, width and height, in pixels.
        scores: (N,), float32, 0..1: how sure the detector was; 1 for boxes that people drew.
    """

    boxes: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, boxes: ArrayLike, scores: ArrayLike | None = None) -> 'PersonBoxes':
        """Make boxes of anything like an array.

        Args:
            boxes: (N, 4) as x, y, width, height; or empty.
            scores: (N,); 1 each by default.

        Raises:
            InputError: The shapes are others.
        """
        try:
            array = np.asarray(boxes, dtype=np.float32)
        except (TypeError, ValueError) as error:
            raise InputError(f'Person boxes must be numbers of shape (N, 4): {error}.') from error
        array = array.reshape(0, 4) if array.size == 0 else array
        if array.ndim != 2 or array.shape[1] != 4:
            raise InputError(
                f'Person boxes must have the shape (N, 4): x, y, width, height; not {array.shape}.'
            )
        confidence = np.ones(len(array)) if scores is None else scores
        confidence = np.asarray(confidence, dtype=np.float32)
        if confidence.shape != (len(array),):
            raise InputError(f'{len(array)} boxes need as many scores, not {confidence.shape}.')
        return cls(array, confidence)

    @classmethod
    def whole(cls, image: np.ndarray) -> 'PersonBoxes':
        """One person who fills an image (H, W, 3)."""
        height, width = image.shape[:2]
        return cls.of([[0, 0, width, height]])

    def split_usable(self, image: np.ndarray) -> tuple['PersonBoxes', list[str]]:
        """Take out the boxes that no person can be in.

        Args:
            image: (H, W, 3).

        Returns:
            The usable boxes, and what is wrong with each of the others.
        """
        problems = [_problem(box, *image.shape[:2]) for box in self.boxes]
        usable = np.array([problem is None for problem in problems], dtype=bool)
        complaints = [
            f'the box {",".join(f"{value:g}" for value in box)} (x,y,w,h) {problem}'
            for box, problem in zip(self.boxes.tolist(), problems, strict=True)
            if problem
        ]
        return PersonBoxes(self.boxes[usable], self.scores[usable]), complaints


class BoxSource(Protocol):
    """Anything that tells where the persons of an image are."""

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Return the boxes of one image, and what is wrong with those that are no boxes at all."""


def whole_image(frame: Frame) -> tuple[PersonBoxes, list[str]]:
    """One person who fills the image: a :class:`BoxSource`."""
    return PersonBoxes.whole(frame.image), []


class FixedBoxes:
    """The same boxes in every image, as for a camera that does not move.

    Args:
        texts: Each ``x,y,w,h`` in pixels.

    Raises:
        InputError: One is not four numbers, or has no positive width and height.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self.persons = PersonBoxes.of([parse_box(text) for text in texts])

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Return the boxes."""
        return self.persons, []


def parse_box(text: str) -> list[float]:
    """Read a box.

    Args:
        text: ``x,y,w,h`` in pixels.

    Raises:
        InputError: It is not four numbers, or has no positive width and height.
    """
    text = text.strip()
    box = numbers(text.split(','), 4)
    if box is None:
        raise InputError(f'The box {text!r} is not four numbers x,y,w,h, e.g. 10,20,100,200.')
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(
            f'The box {text} has no positive width and height. Boxes are x,y,w,h: the upper left '
            'corner, then width and height, in pixels.'
        )
    return box


def numbers(values: Any, count: int) -> list[float] | None:
    """Make ``count`` numbers of a list, or ``None`` where it is something else or too large."""
    try:
        found = [float(value) for value in ([] if isinstance(values, str) else values)]
    except (TypeError, ValueError, OverflowError):
        return None
    return found if len(found) == count and all(abs(v) < LARGEST for v in found) else None


def _problem(box: np.ndarray, height: int, width: int) -> str | None:
    x, y, box_width, box_height = map(float, box)
    if not (np.abs(box) < LARGEST).all():
        return 'is not four numbers of pixels'
    if box_width <= 0 or box_height <= 0:
        return 'has no positive width and height'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return f'lies outside the image of {width}x{height}'
    return None
