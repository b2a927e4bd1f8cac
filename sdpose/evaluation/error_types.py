# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Errors of keypoints by type, after Ruggero Ronchi and Perona.

"Benchmarking and Error Diagnosis in Multi-Instance Pose Estimation", ICCV 2017, section 3.1. The
similarity of a predicted keypoint to an annotated one is exp(-d^2 / (2 s^2 k^2)), with the area s^2
of the annotated person and k = 2 sigma of the annotated keypoint. The first of these that fits:

- good: at least 0.85 with the right keypoint;
- jitter: at least 0.5 with the right keypoint;
- inversion: at least 0.5 with another keypoint of the same person: first its mirrored one (the
  authors' program counts no others, which then are misses), then any;
- swap: at least 0.5 with any keypoint of another person in the picture;
- miss: less with all of them.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from sdpose.annotations.coco_evaluation import area_of
from sdpose.evaluation.oks_matches import Match, by_image, keypoints_of, similarities

TYPES = ('good', 'jitter', 'left/right inversion', 'other inversion', 'swap', 'miss')
GOOD, NEAR = 0.85, 0.5
MATCHED = 0.1  # OKS from which the paper takes a prediction for that of a person


def error_types(
    matches: Sequence[Match],
    truth: dict[str, Any],
    mirrored: Sequence[int],
    sigmas: np.ndarray,
    use_area: bool = True,
) -> np.ndarray:
    """Sort the keypoints of predictions.

    Args:
        matches: N of them.
        truth: Content of the annotation file, of whose persons the matched ones are.
        mirrored: (K,), the index of each keypoint on the other side, its own if it has none.
        sigmas: (K,), of MMPose's meta information.
        use_area: See :func:`sdpose.annotations.coco_evaluation.area_of`.

    Returns:
        (N, K), indices into ``TYPES``; -1 where a keypoint is not labelled.
    """
    persons_of = by_image(truth['annotations'])
    types = np.full((len(matches), len(sigmas)), -1)
    for row, (_, person, prediction) in zip(types, matches, strict=True):
        others = [one for one in persons_of[person['image_id']] if one is not person]
        persons = keypoints_of([person, *others], len(sigmas))
        areas = np.array([area_of(one, use_area) for one in (person, *others)])
        (found,) = keypoints_of([prediction], len(sigmas))
        # (K predicted, persons, K annotated)
        near = np.nan_to_num(similarities(found[:, None, None], persons, areas, sigmas))
        same, swapped = near[:, 0], near[:, 1:].max(axis=(1, 2), initial=0)
        own, mirror = same.diagonal(), same[range(len(same)), mirrored]
        near_one = [best >= NEAR for best in (own, mirror, same.max(axis=-1), swapped)]
        found_types = np.select([own >= GOOD, *near_one], range(5), 5)
        row[:] = np.where(persons[0, :, 2] > 0, found_types, -1)
    return types
