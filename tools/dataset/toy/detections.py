# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person detections as a detector would give them: jittered boxes, misses and false alarms."""

import numpy as np

from .coco_format import CATEGORY_ID, Json

_MISS_RATE = 0.03
_FALSE_ALARMS = 0.4  # mean number an image
_JITTER = 0.04  # standard deviation of the box's sides, in box widths and heights


def simulate_detections(
    rng: np.random.Generator, image: Json, annotations: list[Json]
) -> list[Json]:
    """Makes the detections of one image.

    Args:
        rng: Source of randomness.
        image: The image's entry of a COCO annotation file.
        annotations: The image's annotations.

    Returns:
        Dicts with ``image_id``, ``category_id``, ``bbox`` (x, y, width, height in pixels) and
        ``score`` in 0..1, best score first.
    """
    size = np.array([image['width'], image['height']], dtype=float)
    found = [
        _detection(image, *_jittered(rng, np.array(entry['bbox'], dtype=float), size))
        for entry in annotations
        if not entry['iscrowd'] and rng.random() >= _MISS_RATE
    ]
    for _ in range(int(rng.poisson(_FALSE_ALARMS))):
        extent = rng.uniform(0.1, 0.4, 2) * size
        corner = rng.uniform(0, size - extent)
        box = np.concatenate([corner, extent])
        found.append(_detection(image, box, rng.beta(1.5, 6)))
    return sorted(found, key=lambda detection: -detection['score'])


def _jittered(
    rng: np.random.Generator, box: np.ndarray, image_size: np.ndarray
) -> tuple[np.ndarray, float]:
    """Moves the sides of a box a little; the score falls with the distance moved."""
    shift = rng.normal(0, _JITTER, size=(2, 2))
    corners = np.array([box[:2], box[:2] + box[2:]]) + shift * box[2:]
    corners = np.clip(corners, 0, image_size)
    extent = np.maximum(corners[1] - corners[0], 1.0)
    score = 0.99 - 2.0 * np.abs(shift).mean() - rng.beta(1, 8)
    return np.concatenate([corners[0], extent]), max(0.05, score)


def _detection(image: Json, box: np.ndarray, score: float) -> Json:
    return {
        'image_id': image['id'],
        'category_id': CATEGORY_ID,
        'bbox': np.round(box, 2).tolist(),
        'score': round(float(score), 4),
    }
