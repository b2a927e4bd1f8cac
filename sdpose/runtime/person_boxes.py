# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Where the persons of an image are."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame

PERSON = 1  # COCO's category
# pixels; beyond them float32 cannot tell the corners of a crop, at 1e7 it counts by halves
SMALLEST, LARGEST = 0.1, 1e7


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
            with np.errstate(over='ignore'):  # infinite boxes are told by split_usable
                array = np.asarray(boxes, dtype=np.float32)
        except (TypeError, ValueError, OverflowError) as error:
            raise InputError(f'Person boxes must be numbers of shape (N, 4): {error}.') from error
        array = array.reshape(0, 4) if array.size == 0 else array
        if array.ndim != 2 or array.shape[1] != 4:
            raise InputError(
                f'Person boxes must have the shape (N, 4): x, y, width, height; not {array.shape}.'
            )
        confidence = np.ones(len(array)) if scores is None else scores
        with np.errstate(over='ignore'):
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
        numbered = zip(self.boxes.tolist(), self.scores.tolist(), strict=True)
        problems = [_problem(box, score, *image.shape[:2]) for box, score in numbered]
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
    try:
        box = numbers([float(number) for number in text.split(',')], 4)
    except ValueError:
        box = None
    if box is None:
        raise InputError(f'The box {text!r} is not four numbers x,y,w,h, e.g. 10,20,100,200.')
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(
            f'The box {text} has no positive width and height. Boxes are x,y,w,h: the upper left '
            'corner, then width and height, in pixels.'
        )
    return box


def numbers(values: Any, count: int) -> list[float] | None:
    """Make floats of a list, or ``None`` where it is not what :func:`are_numbers` asks for."""
    return [float(value) for value in values] if are_numbers(values, count) else None


def are_numbers(values: Any, count: int, limit: float = LARGEST) -> bool:
    """Whether a value out of a JSON file is a list of numbers, and no texts or truth values.

    Args:
        values: Anything.
        count: How many there must be.
        limit: They must be nearer to 0.
    """
    return (
        isinstance(values, list)
        and len(values) == count
        # comparisons are false for NaN, and exact for integers of any size
        and all(type(v) in (int, float) and -limit < v < limit for v in values)
    )


def _problem(box: Sequence[float], score: float, height: int, width: int) -> str | None:
    x, y, box_width, box_height = box
    if not all(abs(value) < LARGEST for value in box):
        return 'is not four numbers of pixels'
    if not math.isfinite(score):
        return f'has the score {score:g}, which is not a number'
    if box_width <= 0 or box_height <= 0:
        return 'has no positive width and height'
    if max(box_width, box_height) < SMALLEST:
        return f'is smaller than {SMALLEST} pixels'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return f'lies outside the image of {width}x{height}'
    return None
