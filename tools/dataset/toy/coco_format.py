# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Scenes as entries of a COCO annotation file."""

from typing import Any

import cv2
import numpy as np

from .scene import Scene
from .style import Style

CATEGORY_ID = 1
MAX_ANNOTATIONS = 100  # per image; makes annotation ids depend on the image alone

Json = dict[str, Any]


def category(style: Style) -> Json:
    """Returns the person category with keypoint names and skeleton."""
    return {
        'supercategory': 'person',
        'id': CATEGORY_ID,
        'name': 'person',
        'keypoints': style.keypoints,
        'skeleton': style.skeleton,
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
    entries = [_entry(person.mask, person.keypoints, style) for person in scene.persons]
    if scene.distant_crowd.any():
        unlabelled = np.zeros((len(style.keypoints), 3))
        entries.append(_entry(scene.distant_crowd, unlabelled, style, is_crowd=True))
    entries = [entry for entry in entries if entry['segmentation']]
    for number, entry in enumerate(entries):
        entry |= {'id': image_id * MAX_ANNOTATIONS + number, 'image_id': image_id}
    height, width = scene.image.shape[:2]
    image = {'id': image_id, 'file_name': file_name, 'width': width, 'height': height}
    if style.has_crowd_index:
        image['crowdIndex'] = crowd_index(
            np.reshape([entry['keypoints'] for entry in entries], (-1, len(style.keypoints), 3)),
            np.reshape([entry['bbox'] for entry in entries], (-1, 4)),
        )
    return image, entries


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
    labelled, points = keypoints[..., 2] > 0, keypoints[..., :2]
    low, size = boxes[:, None, None, :2], boxes[:, None, None, 2:]
    inside = labelled & np.all((points >= low) & (points <= low + size), axis=-1)
    joints = inside.sum(axis=-1)  # (N, N): in the box of the first, joints of the second
    others, own = joints.sum(axis=1) - joints.diagonal(), labelled.sum(axis=1)
    return float(min(1.0, np.mean(others[own > 0] / own[own > 0]))) if own.any() else 0.0


def _entry(mask: np.ndarray, keypoints: np.ndarray, style: Style, is_crowd: bool = False) -> Json:
    area = int(mask.sum())
    if area < style.min_labelled_area:
        keypoints = np.zeros_like(keypoints)
    flat: list[float | int] = []
    for x, y, visibility in keypoints.tolist():
        flat += [round(x, 2), round(y, 2), int(visibility)]
    return {
        'category_id': CATEGORY_ID,
        'bbox': list(cv2.boundingRect(mask.astype(np.uint8))),
        'keypoints': flat,
        'num_keypoints': int((keypoints[:, 2] >= style.counted_visibility).sum()),
        'iscrowd': int(is_crowd),
        'area': area,
        'segmentation': _run_lengths(mask) if is_crowd else _polygons(mask),
    }


def _run_lengths(mask: np.ndarray) -> Json:
    """Encodes a (H, W) bool mask as COCO's column-wise run lengths, background first."""
    flat = np.concatenate([[False], mask.ravel(order='F')])
    starts = np.flatnonzero(np.diff(flat))
    runs = np.diff([0, *starts.tolist(), mask.size])
    return {'counts': runs.tolist(), 'size': list(mask.shape)}


def _polygons(mask: np.ndarray) -> list[list[int]]:
    contours, _ = cv2.findContours(
        mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    # pycocotools takes four numbers for a box, so a polygon needs three points at least.
    return [contour.ravel().tolist() for contour in contours if len(contour) >= 3]
