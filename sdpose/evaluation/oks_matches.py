# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Which prediction belongs to which person, and how good it is."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from sdpose.annotations.coco_evaluation import area_of


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

    OKS is the mean of the :func:`similarities` of joints, as in the evaluation.

    Args:
        truth: Content of a COCO annotation file, checked.
        predictions: COCO results, checked.
        sigmas: (K,), of MMPose's meta information.
        use_area: See :func:`sdpose.annotations.coco_evaluation.area_of`.
        min_keypoints: Persons with fewer labelled keypoints are left out.

    Returns:
        The matches, largest OKS first, and the number of persons without a prediction.
    """
    counted = [person for person in truth['annotations'] if _is_counted(person, min_keypoints)]
    persons_of, found_in = by_image(counted), by_image(predictions)
    matches, missed = [], 0
    for image_id in (image['id'] for image in truth['images']):
        persons, found = persons_of[image_id], found_in[image_id]
        oks = oks_of_pairs(persons, found, sigmas, use_area)
        rows, columns = linear_sum_assignment(-oks)
        missed += len(persons) - len(rows)
        for row, column in zip(rows, columns, strict=True):
            matches.append(Match(float(oks[row][column]), persons[column], found[row]))
    return sorted(matches, key=lambda match: -match.oks), missed


def oks_of_pairs(
    persons: list[dict[str, Any]],
    predictions: list[dict[str, Any]],
    sigmas: np.ndarray,
    use_area: bool = True,
) -> np.ndarray:
    """Compute the OKS of each prediction (rows) with each person (columns), who has labels."""
    areas = np.array([area_of(person, use_area) for person in persons])
    found, truth = (keypoints_of(part, len(sigmas)) for part in (predictions, persons))
    return np.nanmean(similarities(found[:, None], truth, areas, sigmas), axis=-1)


def joint_similarities(
    matches: Sequence[Match], sigmas: np.ndarray, use_area: bool = True
) -> np.ndarray:
    """Compute the :func:`similarities` (N, K) of the joints of N matches."""
    found = keypoints_of([match.prediction for match in matches], len(sigmas))
    truth = keypoints_of([match.person for match in matches], len(sigmas))
    areas = np.array([area_of(match.person, use_area) for match in matches])
    return similarities(found, truth, areas, sigmas)


def similarities(
    found: np.ndarray, truth: np.ndarray, areas: np.ndarray, sigmas: np.ndarray
) -> np.ndarray:
    """Compute exp(-d^2 / (2 s^2 k^2)) of each joint, k = 2 sigma and d its distance in pixels.

    Args:
        found: (..., K, 2 or 3), x, y in pixels, and confidence.
        truth: (..., K, 3), x, y, and v, 0 where it is not labelled.
        areas: (...), s^2 in square pixels.
        sigmas: (K,), of MMPose's meta information.

    Returns:
        (..., K), with what is given broadcast: 0..1; not a number where the joint is not labelled.
        The mean of the others is the OKS.
    """
    scales = 2 * (areas[..., None] + np.spacing(1)) * (2 * np.asarray(sigmas)) ** 2
    squares = ((found[..., :2] - truth[..., :2]) ** 2).sum(axis=-1)
    return np.where(truth[..., 2] > 0, np.exp(-squares / scales), np.nan)


def keypoints_of(persons: list[dict[str, Any]], count: int) -> np.ndarray:
    """Return x, y and v or confidence (N, K, 3) of N annotations or predictions, K = ``count``."""
    values = [person['keypoints'] for person in persons]
    return np.array(values, dtype=float).reshape(-1, count, 3)


def by_image(entries: Iterable[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    """Sort annotations or predictions by the image that they are in."""
    of_image = defaultdict(list)
    for entry in entries:
        of_image[entry['image_id']].append(entry)
    return of_image


def _is_counted(person: dict[str, Any], min_keypoints: int) -> bool:
    labelled = sum(visible > 0 for visible in person['keypoints'][2::3])
    return labelled >= max(1, min_keypoints) and not person.get('iscrowd', 0)
