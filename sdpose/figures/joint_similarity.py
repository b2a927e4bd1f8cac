# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How many joints are right: DistilPose figure 6."""

from collections.abc import Sequence

import numpy as np

from sdpose.evaluation.oks_matches import Match, keypoints_of
from sdpose.figures.canvas import markdown_table


def joint_table(
    matches: Sequence[Match],
    similarities: np.ndarray,
    names: Sequence[str],
    threshold: float,
) -> str:
    """Count right and wrong joints; left and right ones of a kind share a row.

    Args:
        matches: N of them.
        similarities: (N, K), see :func:`sdpose.evaluation.oks_matches.joint_similarities`.
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
