# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Which prediction belongs to which person, and how good it is."""

from collections import defaultdict
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from sdpose.annotations.coco_evaluation import AREA_OF_BOX


class Match(NamedTuple):
    """A person and its prediction.

    Attributes:
        oks: 0..1.
        person: COCO annotation.
        prediction: COCO result.
    """

    oks: float
    person: dict[str, Any]
    prediction: dict[str, Any]


def match_by_oks(
    truth: dict[str, Any],
    predictions: list[dict[str, Any]],
    sigmas: np.ndarray,
    use_area: bool = True,
    min_keypoints: int = 1,
) -> tuple[list[Match], int]:
    """Give each person at most one prediction, so that the OKS of an image sum up to the most.

    OKS is the mean of :func:`joint_similarities`, as in the evaluation.

    Args:
        truth: Content of a COCO annotation file, checked.
        predictions: COCO results, checked.
        sigmas: (K,), of MMPose's meta information.
        use_area: Whether OKS reads the area of the annotations, as for COCO, or 0.53 of their
            boxes', as for CrowdPose.
        min_keypoints: Persons with fewer labelled keypoints are left out.

    Returns:
        The matches, largest OKS first, and the number of persons without a prediction.
    """
    counted = [person for person in truth['annotations'] if _is_counted(person, min_keypoints)]
    persons_of, found_in = _by_image(counted), _by_image(predictions)
    matches, missed = [], 0
    for image_id in (image['id'] for image in truth['images']):
        persons, found = persons_of[image_id], found_in[image_id]
        oks = [
            [np.nanmean(joint_similarities(one, other, sigmas, use_area)) for one in persons]
            for other in found
        ]
        rows, columns = linear_sum_assignment(-np.reshape(oks, (len(found), len(persons))))
        missed += len(persons) - len(rows)
        for row, column in zip(rows, columns, strict=True):
            matches.append(Match(float(oks[row][column]), persons[column], found[row]))
    return sorted(matches, key=lambda match: -match.oks), missed


def joint_similarities(
    person: dict[str, Any], prediction: dict[str, Any], sigmas: np.ndarray, use_area: bool = True
) -> np.ndarray:
    """Compute exp(-d^2 / (2 s^2 k^2)) of each joint, k = 2 sigma and d its distance in pixels.

    Args:
        person: COCO annotation.
        prediction: COCO result.
        sigmas: (K,), of MMPose's meta information.
        use_area: s^2 is the area of the annotation, as for COCO, or else 0.53 of its box.

    Returns:
        (K,), 0..1; not a number where the joint is not labelled. The mean of the others is the OKS.
    """
    truth, found = (np.reshape(each['keypoints'], (-1, 3)) for each in (person, prediction))
    *_, width, height = person['bbox']
    area = person['area'] if use_area else AREA_OF_BOX * width * height
    squares = ((found - truth)[:, :2] ** 2).sum(axis=-1)
    similarities = np.exp(-squares / (2 * (area + np.spacing(1)) * (2 * np.asarray(sigmas)) ** 2))
    return np.where(truth[:, 2] > 0, similarities, np.nan)


def _by_image(entries: list[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    of_image = defaultdict(list)
    for entry in entries:
        of_image[entry['image_id']].append(entry)
    return of_image


def _is_counted(person: dict[str, Any], min_keypoints: int) -> bool:
    labelled = sum(visible > 0 for visible in person['keypoints'][2::3])
    return labelled >= max(1, min_keypoints) and not person.get('iscrowd', 0)
