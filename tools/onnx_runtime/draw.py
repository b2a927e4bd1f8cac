# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw keypoints and skeletons into an image."""

import cv2
import numpy as np


def draw_persons(
    image: np.ndarray, keypoints: np.ndarray, scores: np.ndarray, card: dict, threshold: float
) -> np.ndarray:
    """Draw some persons.

    Args:
        image: (H, W, 3), uint8, BGR.
        keypoints: (N, K, 2), pixels of the image.
        scores: (N, K).
        card: The model's JSON file: ``skeleton`` and colours (RGB).
        threshold: Leave out keypoints with a lower score, and the bones at them.

    Returns:
        A new picture of the same shape.
    """
    picture = image.copy()
    thickness = max(1, round(max(image.shape[:2]) / 400))
    # far outside of the picture OpenCV's integers overflow
    reach = 2 * max(image.shape[:2])
    for person, score in zip(np.clip(keypoints, -reach, reach), scores, strict=True):
        points = [tuple(map(int, point)) for point in person.round()]
        for (start, end), color in zip(card['skeleton'], card['skeleton_colors'], strict=True):
            if min(score[start], score[end]) >= threshold:
                cv2.line(picture, points[start], points[end], color[::-1], thickness, cv2.LINE_AA)
        for point, color, confidence in zip(points, card['keypoint_colors'], score, strict=True):
            if confidence >= threshold:
                cv2.circle(picture, point, 2 * thickness, color[::-1], -1, cv2.LINE_AA)
    return picture
