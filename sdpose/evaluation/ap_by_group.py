# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""AP and AR of groups of persons, by the evaluation itself: by size, keypoints, and crowding."""

from collections.abc import Iterator, Mapping
from contextlib import redirect_stdout
from io import StringIO
from itertools import pairwise
from typing import Any

import numpy as np

from sdpose.annotations.coco_evaluation import COCO, EASY, MEDIUM, COCOeval
from sdpose.evaluation.error_types import MATCHED
from sdpose.evaluation.oks_matches import by_image, oks_of_pairs

ALL = {'all': (0, 1e5**2)}
SIDES = (0, 32, 64, 96, 128, 192, 256)  # of squares, in pixels: between them lie the finer areas
AREAS = {
    **ALL,
    'medium (area 32² to 96²)': (32**2, 96**2),
    'large (96² and more)': (96**2, 1e5**2),
    **{f'area {low}² to {high}²': (low**2, high**2) for low, high in pairwise(SIDES)},
    f'area {SIDES[-1]}² and more': (SIDES[-1] ** 2, 1e5**2),
}
CROWDING = 'easy (crowd index < 0.2)', 'medium (0.2 to 0.8)', 'hard (0.8 and more)'
KEYPOINT_RANGES = 4
TINY = 1e-9  # least area of a group, so that area 0 leaves a prediction out, if it fits nobody
NUMBERS = {  # as the evaluation's ``_summarize`` takes them: AP or AR, threshold of the OKS
    'AP': (1, None),
    'AP .5': (1, 0.5),
    'AP .75': (1, 0.75),
    'AR': (0, None),
    'AR .5': (0, 0.5),
    'AR .75': (0, 0.75),
}
READ = ('image_id', 'category_id', 'keypoints', 'score', 'bbox')  # of predictions


def ap_by_group(
    truth: dict[str, Any],
    predictions: list[dict[str, Any]],
    sigmas: np.ndarray,
    use_area: bool,
    is_crowdpose: bool,
) -> list[dict[str, Any]]:
    """Compute AP and AR of all persons and of groups.

    Persons of other groups are ignored, as the evaluation ignores those of another size: finding
    them is neither right nor wrong. A prediction that fits nobody well enough counts against the
    sizes that its own area is in. By number of keypoints, it counts against the group of the person
    whose OKS is the largest, or against all if even that is below ``MATCHED``.

    Args:
        truth: Content of an annotation file, checked.
        predictions: COCO results, checked.
        sigmas: (K,), of MMPose's meta information.
        use_area: See :func:`sdpose.annotations.coco_evaluation.area_of`.
        is_crowdpose: Evaluate as for CrowdPose, with its easy, medium and hard pictures.

    Returns:
        For each group ``persons``, its name, their ``number``, and ``NUMBERS``, 0..1; ``None``
        where there is nobody, or the evaluation has no such number.
    """
    boxes = all('bbox' in found for found in predictions)  # of all or none, as for pycocotools
    read = READ if boxes else READ[:-1]
    with redirect_stdout(StringIO()):  # the evaluation prints
        data = COCO()
        data.dataset = truth
        data.createIndex()
        results = data.loadRes([{key: entry[key] for key in read} for entry in predictions])
        kind = 'keypoints_crowd' if is_crowdpose else 'keypoints'
        evaluation = COCOeval(data, results, kind, sigmas, use_area)
        rows = list(_measure(evaluation, AREAS))
        if is_crowdpose:
            images = evaluation.params.imgIds
            for name, value in zip(CROWDING, evaluation.get_type_result(EASY, MEDIUM), strict=True):
                rows.append(dict.fromkeys(rows[0]) | dict(persons=name, AP=_number(value)))
            evaluation.params.imgIds = images
        persons = [*evaluation.cocoGt.anns.values()]
        counts = [person['num_keypoints'] for person in persons]
        near = _keypoints_nearby(evaluation, sigmas)
        ends = np.unique(np.linspace(0, len(sigmas), KEYPOINT_RANGES + 1).astype(int)).tolist()
        for low, high in ((below + 1, high) for below, high in pairwise(ends)):
            for person, count in zip(persons, counts, strict=True):
                person['num_keypoints'] = count if low <= count <= high else 0
            for found, count in near:
                found['area'] = float(not count or low <= count <= high)
            rows += _measure(evaluation, {f'{low} to {high} keypoints': (TINY, ALL['all'][1])})
    return rows


def _keypoints_nearby(evaluation: COCOeval, sigmas: np.ndarray) -> list[tuple[dict, int]]:
    """Find how many keypoints the person has whom a prediction is nearest to; 0 if it is nobody."""
    persons_of = by_image(_counted(evaluation))
    counts = []
    for image_id, found in by_image(evaluation.cocoDt.anns.values()).items():
        numbers = [0, *(person['num_keypoints'] for person in persons_of[image_id])]
        oks = oks_of_pairs(persons_of[image_id], found, sigmas)
        nearest = np.insert(oks, 0, MATCHED, axis=1).argmax(axis=1)
        counts += [(one, numbers[index]) for one, index in zip(found, nearest, strict=True)]
    return counts


def _measure(
    evaluation: COCOeval, areas: Mapping[str, tuple[float, float]]
) -> Iterator[dict[str, Any]]:
    evaluation.params.areaRng, evaluation.params.areaRngLbl = [*areas.values()], [*areas]
    evaluation.evaluate()
    evaluation.accumulate()
    counted = [person['area'] for person in _counted(evaluation)]
    most = evaluation.params.maxDets[-1]
    for name, (low, high) in areas.items():
        values = {
            key: _number(evaluation._summarize(is_ap, threshold, name, most))
            for key, (is_ap, threshold) in NUMBERS.items()
        }
        yield dict(persons=name, number=sum(low <= area <= high for area in counted)) | values


def _counted(evaluation: COCOeval) -> list[dict[str, Any]]:
    persons = evaluation.cocoGt.anns.values()
    return [one for one in persons if one['num_keypoints'] and not one['iscrowd']]


def _number(value: float) -> float | None:
    """The evaluation says -1 where there is nobody."""
    return float(value) if value >= 0 else None
