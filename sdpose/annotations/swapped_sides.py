# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Left and right that look swapped, by what a file itself says of how its pairs usually lie.

From the right to the left keypoint of each pair there is a vector. Those of one person mostly point
the same way, however the person stands or lies; how strictly is measured for every two pairs, so
that hands and feet, which cross, count less. Which way they point tells front from back, and some
keypoints, such as both eyes, are hardly ever labelled on a back.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

LONGEST = 2.0  # of a vector, in box sides: farther points are slips of another kind
# Two pairs agree by 0.5 as long as nobody is seen; 20 persons count as much as that assumption.
AGREEMENT, ASSUMED = 0.5, 20
LEAST_VARIANCE = 0.1  # of what pairs have for themselves: annotators are not exact
HEAVY_TAIL = 4  # half the degrees of freedom of Student's distribution: odd poses prove little
EVIDENCE = 4.5  # log-likelihood ratio from which a pair counts as swapped
CLEAR = 0.6  # mean vector from which front or back is told, in what is usual for its pairs
ALIKE = 0.9  # of the persons with some keypoint must face the same way, to tell who does not
LONGEST_RUN = 4  # pairs that are swapped together
RUN_RARITY = 2.0  # by how much larger the evidence for several has to be
CHUNK = 1 << 22  # numbers of a batch of matrices


class Swaps(NamedTuple):
    """What looks swapped.

    Attributes:
        in_person: (N, P), log-likelihood ratio of some pairs of a person being swapped against
            the other pairs, for each of these pairs; 0 where it does not look so.
        person: (N,), the larger, the more clearly all sides of a person lie as in others' backs,
            though the same keypoints are labelled as in fronts; 0 for the others.
        pairs: Numbers of the pairs that point against the others in most persons.
        whole_file: Most persons would be seen from behind; people mostly face the camera.
    """

    in_person: np.ndarray
    person: np.ndarray
    pairs: list[int]
    whole_file: bool


def find_swaps(points: np.ndarray, boxes: np.ndarray, pairs: Sequence[tuple[int, int]]) -> Swaps:
    """Compare each pair with the others of its person, and each person with the others.

    Args:
        points: (N, K, 3), x, y in pixels and visibility 0, 1 or 2.
        boxes: (N, 4), x, y, width, height in pixels.
        pairs: P keypoints (left, right), at least one.
    """
    left, right = np.array(pairs).T
    alone = np.setdiff1d(np.arange(points.shape[1]), [left, right])
    side = np.sqrt(boxes[:, 2] * boxes[:, 3]).clip(min=1)[:, None]
    spots, labelled = (points[..., 0] + 1j * points[..., 1]) / side, points[..., 2] > 0
    both = labelled[:, left] & labelled[:, right]  # (N, P)
    vectors = np.where(both, spots[:, left] - spots[:, right], 0)
    vectors /= np.maximum(1, np.abs(vectors) / LONGEST)
    usual = np.sqrt((np.abs(vectors) ** 2).sum(0) / both.sum(0).clip(min=1))
    vectors /= np.where(usual > 0, usual, 1)
    values, axes, agreement = _agreement(vectors, both)
    weights = axes[:, values.argmax()]  # of the pairs in the direction that all share
    weights = weights if weights.sum() >= 0 else -weights
    shared = vectors @ weights
    with_others = vectors.conj() * (shared[:, None] - vectors * weights)
    against = _are_few((with_others.real > 0) & both, (with_others.real != 0) & both)
    across = shared / np.maximum(both @ np.abs(weights), 1e-9)

    middle = np.concatenate([(spots[:, left] + spots[:, right]) / 2, spots[:, alone]], axis=1)
    known = np.concatenate([both, labelled[:, alone]], axis=1)  # (N, M)
    turned, whole_file = _find_turned((across * _upward(middle, known).conj()).imag, known)
    evidence = _evidence(vectors, both, agreement)
    return Swaps(
        np.where(evidence > EVIDENCE, evidence, 0),
        turned,
        np.flatnonzero(against).tolist(),
        whole_file,
    )


def _find_turned(front: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, bool]:
    """Find persons (N,) who turn their back though what is labelled tells a front; or most do.

    Args:
        front: (N,), above 0 for persons whose sides lie as in those who face the camera.
        known: (N, M), whether keypoints, or both of a pair, are labelled.
    """
    clear = np.abs(front) > CLEAR
    whole_file = bool(_are_few((front > 0) & clear, clear))
    front = -front if whole_file else front
    telling = known & clear[:, None]
    shares = ((telling & (front > 0)[:, None]).sum(0) + 1) / (telling.sum(0) + 2)
    best = shares.argmax()  # the keypoint that is labelled in fronts alone
    is_turned = telling[:, best] & (front < 0) & (shares[best] >= ALIKE)
    return np.where(is_turned, -front, 0), whole_file


def _are_few(these: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Whether less than half of the persons (N, ...) are like these, by three standard errors."""
    total = of.sum(0).clip(min=1)
    return these.sum(0) / total < 0.45 - 1.5 * total**-0.5


def _agreement(vectors: np.ndarray, both: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Correlation (P, P) of vectors (N, P), 0 where there is no pair; its eigenvalues and axes."""
    count = both.T.astype(float) @ both
    assumed = AGREEMENT + (1 - AGREEMENT) * np.eye(both.shape[1])
    agreement = ((vectors.conj().T @ vectors).real + ASSUMED * assumed) / (count + ASSUMED)
    values, axes = np.linalg.eigh(agreement)
    return values, axes, (axes * values.clip(min=LEAST_VARIANCE)) @ axes.T


def _evidence(vectors: np.ndarray, both: np.ndarray, agreement: np.ndarray) -> np.ndarray:
    """Log-likelihood ratios (N, P) of vectors with some pairs swapped, and as they are.

    Single pairs are tried, and such as follow one another in the file, as those of a leg do. The
    best try counts, for each of its pairs.
    """
    num_pairs = len(agreement)
    longest = max(1, min(LONGEST_RUN, num_pairs // 2))
    index = np.arange(num_pairs)
    tries = [
        np.where((index >= start) & (index < start + length), -1, 1)
        for length in range(1, longest + 1)
        for start in range(num_pairs - length + 1)
    ]
    signs = np.array(tries)  # (T, P)
    rarity = RUN_RARITY * ((signs < 0).sum(1) > 1)
    products = (signs[:, :, None] * signs[:, None]).reshape(len(tries), -1)
    found = np.zeros(both.shape)
    step = max(1, CHUNK // num_pairs**2)
    for start in range(0, len(found), step):
        x, has = vectors[start : start + step], both[start : start + step]
        seen = has[:, :, None] & has[:, None]
        terms = np.linalg.inv(np.where(seen, agreement, np.eye(num_pairs)))
        terms *= (x.conj()[:, :, None] * x[:, None]).real
        distance = terms.sum((1, 2))
        swapped = (terms.reshape(len(x), -1) @ products.T).clip(min=0)  # (n, T)
        ratios = np.log((HEAVY_TAIL + distance)[:, None] / (HEAVY_TAIL + swapped))
        ratios = ratios * (HEAVY_TAIL + has.sum(1))[:, None] - rarity
        best = ratios.argmax(1)
        found[start : start + step] = np.where((signs[best] < 0) & has, ratios.max(1)[:, None], 0)
    return found


def _upward(spots: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Direction (N,) from feet to head, of length 1 or 0, after the mean pose of all persons.

    Args:
        spots: (N, M), keypoints and middles of pairs, which do not change when sides are swapped.
        known: (N, M), whether they are labelled.
    """
    mean = np.where(known, spots, 0).sum(1, keepdims=True) / known.sum(1, keepdims=True).clip(min=1)
    centred = np.where(known, spots - mean, 0)
    depth = centred.imag.sum(0) / known.sum(0).clip(min=1)  # (M,), below the middle
    upward = -centred @ depth
    return upward / np.where(np.abs(upward) > 1e-6, np.abs(upward), np.inf)
