# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw poses so that one sees how sure the model is of each keypoint.

MMPose's visualizer colours keypoints by their kind. Here the colour is the confidence: a model's
mistakes are mostly where it is unsure, and that is what somebody who looks at them wants to see.
"""

from collections.abc import Sequence

import cv2
import numpy as np

COLORMAP = cv2.COLORMAP_TURBO
# the ends of the map are too dark to be seen on photographs
COLOR_RANGE = (40, 225)
OUTLINE = (0, 0, 0)
FONT = cv2.FONT_HERSHEY_SIMPLEX
# cv2 draws with fixed-point coordinates of 16 fractional bits: far points would overflow
FARTHEST = 1e4


def confidence_colors(scores: np.ndarray) -> np.ndarray:
    """Return the colours of some confidences: blue is 0, red is 1.

    Args:
        scores: (N,); values beyond 0..1 get the colours of 0 and 1.

    Returns:
        (N, 3), uint8, BGR.
    """
    low, high = COLOR_RANGE
    if len(scores) == 0:
        return np.zeros((0, 3), dtype=np.uint8)
    levels = low + (high - low) * np.clip(scores, 0, 1)
    bytes_ = levels.round().astype(np.uint8).reshape(-1, 1)  # (N, 1)
    return np.asarray(cv2.applyColorMap(bytes_, COLORMAP)).reshape(-1, 3)


def draw_poses(
    image: np.ndarray,
    keypoints: np.ndarray,
    scores: np.ndarray,
    skeleton: Sequence[Sequence[int]],
    threshold: float = 0.3,
    legend: bool = True,
) -> np.ndarray:
    """Draw the poses of the persons in one image.

    Args:
        image: (H, W, 3), uint8, BGR; it is not changed.
        keypoints: (N, K, 2), x, y in pixels.
        scores: (N, K), the confidences that the colours show.
        skeleton: Pairs of keypoints with a limb between them, MMPose's ``skeleton_links``. A limb
            has the colour of its less sure end.
        threshold: Keypoints with a lower confidence, and their limbs, are left out.
        legend: Draw the scale of colours into the lower right corner, if the image is not small.

    Returns:
        The picture, of the same shape.

    Example:
        >>> (poses,) = model([image], [[[20, 30, 100, 240]]])
        >>> drawn = draw_poses(image, poses.keypoints, poses.keypoint_scores, model.skeleton)
    """
    drawn = image.copy()
    radius = max(2, round(min(image.shape[:2]) / 120))
    for points, confidences in zip(keypoints, scores, strict=True):
        shown = (confidences >= threshold) & (np.abs(points) < FARTHEST).all(axis=1)
        colors = confidence_colors(confidences).tolist()
        for start, end in skeleton:
            if shown[start] and shown[end]:
                weaker = start if confidences[start] < confidences[end] else end
                ends = _pixel(points[start]), _pixel(points[end])
                cv2.line(drawn, *ends, colors[weaker], radius, cv2.LINE_AA)
        for index in np.flatnonzero(shown):
            point = _pixel(points[index])
            cv2.circle(drawn, point, radius + 1, OUTLINE, -1, cv2.LINE_AA)
            cv2.circle(drawn, point, radius, colors[index], -1, cv2.LINE_AA)
    if legend:
        _draw_legend(drawn, threshold)
    return drawn


def _draw_legend(drawn: np.ndarray, threshold: float) -> None:
    """A bar from 0 to 1, with the part that is not drawn left black."""
    height, width = drawn.shape[:2]
    unit = max(4, round(min(height, width) / 60))  # a quarter of the panel's height
    panel_width, panel_height = 26 * unit, 5 * unit
    if panel_width > 0.6 * width or panel_height > 0.2 * height:
        return
    left, top = width - panel_width, height - panel_height
    drawn[top:, left:] = drawn[top:, left:] // 4
    levels = np.linspace(0, 1, 24 * unit)
    colors = confidence_colors(levels)
    colors[levels < threshold] = OUTLINE
    drawn[top + unit // 2 : top + 2 * unit, left + unit : left + 25 * unit] = colors
    size = unit * 1.6 / 21  # a letter of this font is 21 pixels high at scale 1
    for text, place in (('0', 0.0), ('confidence', 0.5), ('1', 1.0)):
        (text_width, _), _ = cv2.getTextSize(text, FONT, size, 1)
        x = round(left + unit + place * (24 * unit - text_width))
        at = (x, height - unit)
        cv2.putText(drawn, text, at, FONT, size, (255, 255, 255), 1, cv2.LINE_AA)


def _pixel(point: np.ndarray) -> tuple[int, int]:
    return round(float(point[0])), round(float(point[1]))
