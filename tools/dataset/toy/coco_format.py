# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Scenes as entries of a COCO annotation file."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from .scene import Person, Scene
from .style import Style

CATEGORY_ID = 1
MAX_ANNOTATIONS = 100  # per image; makes annotation ids depend on the image alone

Json = dict[str, Any]


def category(style: Style) -> Json:
    """Returns the person category with keypoint names and the skeleton (1-based, as in COCO)."""
    index = {name: number for number, name in enumerate(style.keypoints, start=1)}
    return {
        'supercategory': 'person',
        'id': CATEGORY_ID,
        'name': 'person',
        'keypoints': list(style.keypoints),
        'skeleton': [[index[first], index[second]] for first, second in style.links],
    }


def annotate(scene: Scene, image_id: int, file_name: str, style: Style) -> tuple[Json, list[Json]]:
    """Writes down a scene.

    Args:
        scene: What the image shows.
        image_id: Id of the image, unique in the data set.
        file_name: Name of the image file within its folder.
        style: The data set that is imitated.

    Returns:
        The entries of ``images`` and ``annotations``.
    """
    annotations = [_person_entry(person, style) for person in scene.persons]
    if scene.distant_crowd.any():
        annotations.append(_crowd_entry(scene.distant_crowd, style))
    annotations = [entry for entry in annotations if entry['segmentation']]
    for number, entry in enumerate(annotations):
        entry |= {'id': image_id * MAX_ANNOTATIONS + number, 'image_id': image_id}
    height, width = scene.image.shape[:2]
    image = {'id': image_id, 'file_name': file_name, 'width': width, 'height': height}
    if style.has_crowd_index:
        keypoints = [entry['keypoints'] for entry in annotations]
        image['crowdIndex'] = crowd_index(
            np.array(keypoints, dtype=float).reshape(-1, len(style.keypoints), 3),
            np.array([entry['bbox'] for entry in annotations], dtype=float).reshape(-1, 4),
        )
    return image, annotations


def crowd_index(keypoints: np.ndarray, boxes: np.ndarray) -> float:
    """Measures how crowded an image is, as CrowdPose defines it.

    Averages over the persons the ratio of other persons' joints inside the person's box to the
    person's own joints. Only labelled joints count.

    Args:
        keypoints: (N, K, 3), x and y in pixels and visibility 0, 1 or 2.
        boxes: (N, 4), x, y, width, height in pixels.

    Returns:
        The crowd index, clipped to 0..1.
    """
    labelled = keypoints[..., 2] > 0
    ratios = []
    for person, (x, y, width, height) in enumerate(boxes):
        own = int(labelled[person].sum())
        if own == 0:
            continue
        low, high = (x, y), (x + width, y + height)
        inside = np.all((keypoints[..., :2] >= low) & (keypoints[..., :2] <= high), axis=-1)
        inside &= labelled
        ratios.append((inside.sum() - inside[person].sum()) / own)
    return float(min(1.0, np.mean(ratios))) if ratios else 0.0


def uncompressed_rle(mask: np.ndarray) -> Json:
    """Encodes a (H, W) bool mask as COCO's column-wise run lengths, background first."""
    flat = np.concatenate([[False], mask.ravel(order='F')])
    starts = np.flatnonzero(np.diff(flat))
    runs = np.diff([0, *starts.tolist(), mask.size])
    return {'counts': runs.tolist(), 'size': list(mask.shape)}


def _person_entry(person: Person, style: Style) -> Json:
    area = int(person.mask.sum())
    keypoints = np.array([person.keypoints[name] for name in style.keypoints])
    if area < style.min_labelled_area:
        keypoints[:] = 0
    return _entry(person.mask, keypoints, style) | {
        'iscrowd': 0,
        'area': area,
        'segmentation': _polygons(person.mask),
    }


def _crowd_entry(mask: np.ndarray, style: Style) -> Json:
    keypoints = np.zeros((len(style.keypoints), 3))
    return _entry(mask, keypoints, style) | {
        'iscrowd': 1,
        'area': int(mask.sum()),
        'segmentation': uncompressed_rle(mask),
    }


def _entry(mask: np.ndarray, keypoints: np.ndarray, style: Style) -> Json:
    """The fields that persons and crowds have in common."""
    flat: list[float | int] = []
    for x, y, visibility in keypoints.tolist():
        flat += [round(x, 2), round(y, 2), int(visibility)]
    return {
        'category_id': CATEGORY_ID,
        'bbox': list(cv2.boundingRect(mask.astype(np.uint8))),
        'keypoints': flat,
        'num_keypoints': int((keypoints[:, 2] >= style.counted_visibility).sum()),
    }


def _polygons(mask: np.ndarray) -> list[list[int]]:
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    # pycocotools takes four numbers for a box, so a polygon needs three points at least.
    return [contour.ravel().tolist() for contour in contours if len(contour) >= 3]
