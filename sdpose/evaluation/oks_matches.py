# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Which prediction belongs to which person, and how good it is."""

from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment
from xtcocotools.cocoeval import COCOeval

from sdpose.runtime.person_boxes import PERSON


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

    OKS is the evaluation's own, ``COCOeval.computeOks``.

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
    evaluator = COCOeval(None, None, 'keypoints', sigmas, use_area)
    evaluator.params.maxDets = [max(1, len(predictions))]
    for person in truth['annotations']:
        evaluator._gts[person['image_id'], PERSON].append(person)
    for person in sorted(predictions, key=lambda person: -person['score']):
        evaluator._dts[person['image_id'], PERSON].append(person)  # computeOks keeps this order
    matches, missed = [], 0
    for image_id in (image['id'] for image in truth['images']):
        persons, found = (of[image_id, PERSON] for of in (evaluator._gts, evaluator._dts))
        oks = np.reshape(evaluator.computeOks(image_id, PERSON), (len(found), len(persons)))
        counted = [i for i, person in enumerate(persons) if _is_counted(person, min_keypoints)]
        rows, columns = linear_sum_assignment(-oks[:, counted])
        missed += len(counted) - len(rows)
        for row, column in zip(rows, columns, strict=True):
            person = counted[column]
            matches.append(Match(float(oks[row, person]), persons[person], found[row]))
    return sorted(matches, key=lambda match: -match.oks), missed


def _is_counted(person: dict, min_keypoints: int) -> bool:
    labelled = sum(visible > 0 for visible in person['keypoints'][2::3])
    return labelled >= max(1, min_keypoints) and not person.get('iscrowd', 0)
