# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Where the persons of an image are."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from onnx_runtime.errors import InputError


@dataclass(frozen=True)
class PersonBoxes:
    """The boxes of the persons in one image.

    Attributes:
        boxes: (N, 4), float32: x, y of the upper left corner, width and height, in pixels.
        scores: (N,), float32, 0..1: how sure the detector was; 1 where nobody detected them.
    """

    boxes: np.ndarray
    scores: np.ndarray

    @classmethod
    def of(cls, boxes: Any, scores: Any = None) -> 'PersonBoxes':
        """Make them of lists: N boxes of four numbers, and their scores, 1 by default."""
        array = np.asarray(boxes, dtype=np.float32).reshape(-1, 4)
        confidence = np.ones(len(array)) if scores is None else scores
        return cls(array, np.asarray(confidence, dtype=np.float32))

    def split_usable(self, height: int, width: int) -> tuple['PersonBoxes', list[str]]:
        """Take out the boxes that no person can be in.

        Args:
            height: Of the image, in pixels.
            width: Of the image, in pixels.

        Returns:
            The usable boxes, and what is wrong with each of the others.
        """
        problems = [_problem(box, height, width) for box in self.boxes]
        usable = np.array([problem is None for problem in problems], dtype=bool)
        complaints = [
            f'the box {",".join(f"{value:g}" for value in box)} (x,y,w,h) {problem}'
            for box, problem in zip(self.boxes.tolist(), problems, strict=True)
            if problem
        ]
        return PersonBoxes(self.boxes[usable], self.scores[usable]), complaints


def whole_image(image: np.ndarray) -> PersonBoxes:
    """One person who fills the image (H, W, 3)."""
    height, width = image.shape[:2]
    return PersonBoxes.of([[0, 0, width, height]])


def parse_box(text: str) -> list[float]:
    """Read ``x,y,width,height``, in pixels.

    Raises:
        InputError: It is not four numbers, or has no positive width and height.
    """
    try:
        box = [float(part) for part in text.split(',')]
    except ValueError:
        box = []
    if len(box) != 4 or not all(map(math.isfinite, box)):
        raise InputError(f'The box {text!r} is not four numbers x,y,w,h, e.g. 10,20,100,200.')
    if box[2] <= 0 or box[3] <= 0:
        raise InputError(
            f'The box {text} has no positive width and height. Boxes are x,y,w,h: the upper left '
            'corner, then width and height, in pixels.'
        )
    return box


def _problem(box: np.ndarray, height: int, width: int) -> str | None:
    x, y, box_width, box_height = map(float, box)
    if not np.isfinite(box).all():
        return 'is not four numbers'
    if box_width <= 0 or box_height <= 0:
        return 'has no positive width and height'
    if x >= width or y >= height or x + box_width <= 0 or y + box_height <= 0:
        return f'lies outside the image of {width}x{height}'
    return None
