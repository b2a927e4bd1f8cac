# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw poses, coloured by confidence: blue is 0, red is 1, as ``tools/infer.py`` draws them."""

from collections.abc import Sequence

import cv2
import numpy as np

COLORMAP = cv2.COLORMAP_TURBO
# the ends of the map are too dark to be seen on photographs
COLOR_RANGE = (40, 225)
OUTLINE = (0, 0, 0)
# cv2 draws with fixed-point coordinates of 16 fractional bits: far points would overflow
FARTHEST = 1e4


def draw_persons(
    image: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray,
    skeleton: Sequence[Sequence[int]],
    threshold: float,
) -> np.ndarray:
    """Draw some persons.

    Args:
        image: (H, W, 3), uint8, BGR; it is not changed.
        keypoints: (N, K, 2), pixels of the image.
        scores: (N, K), the confidences that the colours show.
        skeleton: Pairs of keypoints with a limb between them, in the colour of the less sure one.
        threshold: Leave out keypoints with a lower score, and the limbs at them.

    Returns:
        A new picture of the same shape.
    """
    drawn = image.copy()
    radius = max(2, round(min(image.shape[:2]) / 120))
    for points, confidences in zip(keypoints, scores, strict=True):
        shown = (confidences >= threshold) & (np.abs(points) < FARTHEST).all(axis=1)
        pixels = [
            (round(float(x)), round(float(y))) if s else (0, 0)
            for (x, y), s in zip(points, shown, strict=True)
        ]
        for start, end in skeleton:
            if shown[start] and shown[end]:
                color = _color(min(confidences[start], confidences[end]))
                cv2.line(drawn, pixels[start], pixels[end], color, radius, cv2.LINE_AA)
        for keypoint in np.flatnonzero(shown):
            cv2.circle(drawn, pixels[keypoint], radius + 1, OUTLINE, -1, cv2.LINE_AA)
            color = _color(confidences[keypoint])
            cv2.circle(drawn, pixels[keypoint], radius, color, -1, cv2.LINE_AA)
    return drawn


def _color(confidence: float) -> tuple[int, int, int]:
    low, high = COLOR_RANGE
    level = low + (high - low) * np.clip(confidence, 0, 1)
    blue, green, red = cv2.applyColorMap(np.array([[round(float(level))]], np.uint8), COLORMAP)[
        0, 0
    ]
    return int(blue), int(green), int(red)
