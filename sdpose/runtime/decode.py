# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Heatmaps -> keypoints, as MMPose's codec MSRAHeatmap and our UnrefinedHeatmap do it."""

import cv2
import numpy as np


def decode_heatmaps(heatmaps: np.ndarray, codec: dict) -> tuple[np.ndarray, np.ndarray]:
    """Find the maximum of each heatmap, finer than its pixels.

    With ``unbiased`` by DARK (Zhang et al., CVPR 2020): one Newton step on the logarithm of the
    blurred heatmap; else by a quarter of a pixel towards the higher neighbour; of an
    ``UnrefinedHeatmap`` not at all.

    Args:
        heatmaps: Of one person, (K, H, W).
        codec: Of the model's JSON file: ``type``, ``unbiased``, ``blur_kernel_size``,
            ``input_size``.

    Returns:
        Keypoints (K, 2) in pixels of the crop, and scores (K,).
    """
    height, width = heatmaps.shape[1:]
    flat = heatmaps.reshape(len(heatmaps), -1)
    scores = flat.max(axis=1)
    rows, columns = np.divmod(flat.argmax(axis=1), width)
    location = np.stack([columns, rows], axis=1).astype(np.float32)
    location[scores <= 0] = -1  # MMPose's mark for "nowhere"
    is_refined = codec['type'] == 'MSRAHeatmap'
    for keypoint, (heatmap, score) in enumerate(zip(heatmaps, scores, strict=True)):
        if is_refined and score > 0:
            x, y = columns[keypoint], rows[keypoint]
            if codec['unbiased']:
                location[keypoint] += _newton_step(heatmap, x, y, codec['blur_kernel_size'])
            else:
                location[keypoint] += _quarter_pixel(heatmap, x, y)
    return location * np.divide(codec['input_size'], (width, height)).astype(np.float32), scores


def _newton_step(heatmap: np.ndarray, x: int, y: int, kernel: int) -> np.ndarray:
    height, width = heatmap.shape
    if not (1 < x < width - 2 and 1 < y < height - 2):
        return np.zeros(2)
    blurred = cv2.GaussianBlur(heatmap, (kernel, kernel), 0, borderType=cv2.BORDER_CONSTANT)
    blurred = blurred * (heatmap.max() / blurred.max())
    log = np.log(np.maximum(blurred[y - 2 : y + 3, x - 2 : x + 3], 1e-10))  # (x, y) is at [2, 2]
    gradient = 0.5 * np.array([log[2, 3] - log[2, 1], log[3, 2] - log[1, 2]])
    dxx = log[2, 4] - 2 * log[2, 2] + log[2, 0]
    dyy = log[4, 2] - 2 * log[2, 2] + log[0, 2]
    dxy = log[3, 3] - log[1, 3] - log[3, 1] + log[1, 1]
    hessian = 0.25 * np.array([[dxx, dxy], [dxy, dyy]])
    return -np.linalg.solve(hessian, gradient) if np.linalg.det(hessian) else np.zeros(2)


def _quarter_pixel(heatmap: np.ndarray, x: int, y: int) -> np.ndarray:
    height, width = heatmap.shape
    step = np.zeros(2)
    if 1 < x < width - 1 and y > 0:  # MMPose's borders, which are not symmetric
        step[0] = np.sign(heatmap[y, x + 1] - heatmap[y, x - 1])
    if 1 < y < height - 1 and x > 0:
        step[1] = np.sign(heatmap[y + 1, x] - heatmap[y - 1, x])
    return 0.25 * step
