# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How near each joint of a prediction is: what the OKS of a person is the mean of."""

from collections.abc import Sequence

import numpy as np

from sdpose.evaluation.oks_matches import Match
from sdpose.figures.canvas import markdown_table
from sdpose.figures.results import keypoints_of


def joint_similarities(match: Match, sigmas: np.ndarray, use_area: bool = True) -> np.ndarray:
    """Compute exp(-d^2 / (2 s^2 k^2)) of each joint, k = 2 sigma, as ``COCOeval.computeOks``.

    Args:
        match: A person and its prediction, d being their distance in pixels.
        sigmas: (K,), of MMPose's meta information.
        use_area: s^2 is the area of the annotation, as for COCO, or else 0.53 of its box.

    Returns:
        (K,), 0..1; not a number where the joint is not labelled. The mean of the others is
        ``match.oks``.
    """
    person, found = keypoints_of([match.person, match.prediction], len(sigmas))
    *_, width, height = match.person['bbox']
    area = match.person['area'] if use_area else 0.53 * width * height
    squares = ((found - person)[:, :2] ** 2).sum(axis=-1)
    similarities = np.exp(-squares / (2 * (area + np.spacing(1)) * (2 * sigmas) ** 2))
    return np.where(person[:, 2] > 0, similarities, np.nan)


def joint_table(
    matches: Sequence[Match],
    similarities: np.ndarray,
    names: Sequence[str],
    threshold: float,
) -> str:
    """Count right and wrong joints; left and right ones of a kind share a row.

    Args:
        matches: N of them.
        similarities: (N, K), see :func:`joint_similarities`.
        names: Of the K joints.
        threshold: From which a joint is right.
    """
    confidence = keypoints_of([match.prediction for match in matches], len(names))[..., 2]
    kinds = np.array([name.removeprefix('left_').removeprefix('right_') for name in names])
    right, wrong = f'right (similarity >= {threshold:g})', f'wrong (< {threshold:g})'
    rows = [['joints', right, 'mean confidence', wrong, 'mean confidence']]
    for kind in ('all', *dict.fromkeys(kinds)):
        chosen = slice(None) if kind == 'all' else kinds == kind
        cells = [kind]
        for part in (similarities >= threshold, similarities < threshold):
            values = confidence[:, chosen][part[:, chosen]]
            cells += [str(len(values)), f'{values.mean():.3f}' if len(values) else '']
        rows.append(cells)
    return markdown_table(rows)
