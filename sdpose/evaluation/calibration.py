# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Whether scores say how good predictions are."""

from typing import Any

import numpy as np

BINS = 10


def calibrate(scores: np.ndarray, qualities: np.ndarray) -> dict[str, Any]:
    """Compare scores with what is true, in bins of equal width.

    Args:
        scores: (N,); those below 0 or above 1 go into the first or last bin.
        qualities: (N,), 0..1: the OKS of persons, or the similarity of keypoints.

    Returns:
        ``error``, the expected calibration error: the distance between the mean score and the mean
        quality of a bin, averaged over all N; and ``bins``, from which to which score, the
        ``number`` in it, and both means. ``None`` where there is nothing.
    """
    index = np.clip(scores * BINS, 0, BINS - 1).astype(int)
    counts = np.bincount(index, minlength=BINS)
    sums = np.array([np.bincount(index, values, BINS) for values in (scores, qualities)])
    means = sums / np.maximum(counts, 1)
    bins: list[dict[str, Any]] = [
        dict(zip(('from', 'to', 'number'), (i / BINS, (i + 1) / BINS, int(count)), strict=True))
        | dict(zip(('score', 'quality'), pair if count else (None, None), strict=True))
        for i, (count, pair) in enumerate(zip(counts, means.T.tolist(), strict=True))
    ]
    error = float(np.abs(sums[0] - sums[1]).sum() / len(index)) if len(index) else None
    return dict(error=error, bins=bins)
