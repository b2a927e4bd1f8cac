# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How far off the keypoints of matched persons are, by joint."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmpose.evaluation.functional import keypoint_pck_accuracy

from sdpose.annotations.coco_evaluation import area_of
from sdpose.evaluation.error_types import TYPES
from sdpose.evaluation.oks_matches import Match, keypoints_of

PCK = (0.05, 0.2)


def joint_accuracy(
    matches: Sequence[Match],
    similarities: np.ndarray,
    types: np.ndarray,
    names: Sequence[str],
    use_area: bool = True,
) -> list[dict[str, Any]]:
    """Measure labelled joints.

    Args:
        matches: N of them.
        similarities: (N, K), see :func:`sdpose.evaluation.oks_matches.joint_similarities`.
        types: (N, K), of :func:`sdpose.evaluation.error_types.error_types`.
        names: Of the K joints.
        use_area: See :func:`sdpose.annotations.coco_evaluation.area_of`.

    Returns:
        For all and for each ``joint``: how many are ``labelled``; PCK, by MMPose's function with
        the longer side of the annotated box as its norm (of all: the mean over joints, as there);
        the mean error in pixels and by the root of the area, the mean similarity, and the share
        of each type. ``None`` where no joint is labelled.
    """
    truth, found = (
        keypoints_of([getattr(match, who) for match in matches], len(names))
        for who in ('person', 'prediction')
    )
    areas = np.array([area_of(match.person, use_area) for match in matches])
    boxes = np.array([match.person['bbox'][2:] for match in matches], float).reshape(-1, 2)
    norms = np.repeat(boxes.max(axis=-1, initial=0)[:, None], 2, axis=-1)
    distances = np.linalg.norm((found - truth)[..., :2], axis=-1)
    labelled = types >= 0
    counts = [int(labelled.sum()), *labelled.sum(axis=0).tolist()]
    columns: dict[str, Any] = {}
    for threshold in PCK:
        given = found[..., :2], truth[..., :2], labelled, threshold, norms.copy()
        by_joint, mean, _ = keypoint_pck_accuracy(*given)
        columns[f'PCK@{threshold:g}'] = [mean, *by_joint]
    values = {
        'error (px)': distances,
        'error / √area': distances / np.sqrt(areas + np.spacing(1))[:, None],
        'similarity': np.nan_to_num(similarities),
        **{name: types == index for index, name in enumerate(TYPES)},
    }
    for key, value in values.items():
        sums = (value * labelled).sum(axis=0)
        columns[key] = np.append(sums.sum(), sums) / np.maximum(counts, 1)
    rows = []
    for joint, count, *row in zip(['all', *names], counts, *columns.values(), strict=True):
        known = [float(value) if count and value >= 0 else None for value in row]
        rows.append(dict(joint=joint, labelled=count) | dict(zip(columns, known, strict=True)))
    return rows
