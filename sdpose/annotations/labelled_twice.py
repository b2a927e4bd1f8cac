# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How far annotators differ, from pictures that were labelled twice: the sigmas of OKS."""

from collections import defaultdict
from typing import Any

import numpy as np
from pycocotools import mask
from scipy.optimize import linear_sum_assignment

from sdpose.annotations.annotation_file import why_unused
from sdpose.annotations.coco_evaluation import area_of
from sdpose.annotations.entries import by_id

SAME_PERSON = 0.5  # IoU of the boxes from which two labels are of one person


def estimate_sigmas(first: Any, second: Any) -> tuple[np.ndarray, int]:
    """Measure the sigma of each keypoint as COCO defines it.

    sigma_k^2 = E[d_k^2 / s^2]: d_k is the distance of the two labels in pixels, s^2 the area of the
    person in square pixels (0.53 of the box where there is none), E the mean over the persons on
    whom both label the keypoint. OKS is then exp(-d_k^2 / (2 s^2 kappa_k^2)) with
    kappa_k = 2 sigma_k.

    Args:
        first: What a checked file of annotations holds.
        second: Another one, of pictures with the same names.

    Returns:
        (K,) sigmas, NaN where nobody has the keypoint in both files; and how many persons have
        been found in both: those whose boxes overlap most, with an IoU of at least 0.5.
    """
    pairs = []
    others = _persons(second)
    for picture, persons in _persons(first).items():
        if picture in others:
            boxes = [np.array([each['bbox'] for each in some], float).reshape(-1, 4)
                     for some in (persons, others[picture])]  # fmt: skip
            overlap = mask.iou(*boxes, [0] * len(boxes[1]))
            rows, columns = linear_sum_assignment(-overlap)
            near = overlap[rows, columns] >= SAME_PERSON
            pairs += [
                (persons[row], others[picture][column])
                for row, column in zip(rows[near], columns[near], strict=True)
            ]
    if not pairs:
        return np.array([]), 0
    labels = [[person['keypoints'] for person in persons] for persons in zip(*pairs, strict=True)]
    one, two = np.reshape(labels, (2, len(pairs), -1, 3))
    areas = [area_of(person, use_area=bool(person.get('area'))) for person, _ in pairs]
    squares = ((one - two)[..., :2] ** 2).sum(axis=-1) / np.array(areas, float)[:, None]
    unknown = (one[..., 2] == 0) | (two[..., 2] == 0)
    means = np.ma.masked_array(squares, unknown).mean(axis=0)
    return np.ma.filled(np.ma.sqrt(means), np.nan), len(pairs)


def _persons(content: Any) -> dict[str, list[dict]]:
    """The labelled persons of each picture, by its name."""
    images = by_id(content['images'])
    found = defaultdict(list)
    for entry in content['annotations']:
        image = images[entry['image_id']]
        if why_unused(entry, image) is None:
            found[image['file_name']].append(entry)
    return found
