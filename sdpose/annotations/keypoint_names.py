# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the names of keypoints tell: which is left or right of which, and which is the same."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

WORD = re.compile(r'^left|[A-Z]?[a-z]+|[A-Z]+(?![a-z])')  # the first of leftear
RIGHT_OF = {'left': 'right', 'Left': 'Right', 'LEFT': 'RIGHT', 'l': 'r', 'L': 'R'}
WHOLE_WORD = {'l': 'left', 'r': 'right'}
# What a keypoint lies between, by its words; docs/your-own-data.md has what that is worth
BETWEEN = {
    ('neck',): ('left_shoulder', 'right_shoulder'),
    ('head', 'top'): ('nose', 'left_eye', 'right_eye', 'left_ear', 'right_ear'),
}
NEW_WORD = re.compile(r'(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=^left)|(?<=^right)')


def left_right_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Find the keypoints that lie on both sides of a body.

    Args:
        names: Of the keypoints, e.g. ``left_wrist``, ``wrist_l``, ``LeftWrist``, ``lWrist``.

    Returns:
        Indices (left, right) of names that differ by their side alone.
    """
    index = {name: number for number, name in enumerate(names)}
    pairs = []
    for number, name in enumerate(names):
        for left in (word for word in WORD.finditer(name) if word[0] in RIGHT_OF):
            mirrored = name[: left.start()] + RIGHT_OF[left[0]] + name[left.end() :]
            if mirrored in index:
                pairs.append((number, index[mirrored]))
    return pairs


def names_of(metainfo: Any) -> list[str] | None:
    """Return the names of keypoints, in their order.

    Args:
        metainfo: MMPose's of a data set, or what a checkpoint has under ``meta.dataset_meta``.

    Returns:
        ``None`` where it does not name K keypoints by the numbers 0 to K - 1.
    """
    names = metainfo.get('keypoint_id2name') if isinstance(metainfo, dict) else None
    if not isinstance(names, dict) or not names or set(names) != set(range(len(names))):
        return None
    ordered = [names[number] for number in range(len(names))]
    printable = all(isinstance(name, str) and name.isprintable() for name in ordered)
    return ordered if printable else None


def same_keypoints(names: Sequence[str], others: Sequence[str]) -> list[int | None]:
    """Find each keypoint among those of another data set.

    Args:
        names: Of K keypoints. ``left_wrist``, ``wrist_l``, ``LeftWrist`` and ``lWrist`` are one.
        others: Of the other data set.

    Returns:
        K indices into ``others``; ``None`` for those that it does not have.
    """
    exact = {name: number for number, name in enumerate(others)}
    alike = {words: number for number, words in enumerate(_spellings(others))}
    spellings = zip(names, _spellings(names), strict=True)
    return [exact.get(name, alike.get(words)) for name, words in spellings]


def same_or_around(names: Sequence[str], others: Sequence[str]) -> list[list[int]]:
    """Find what each keypoint can start from among those of another data set.

    Args:
        names: Of K keypoints.
        others: Of the other data set.

    Returns:
        K lists of indices into ``others``: the same keypoint; or those that it lies between, for a
        neck both shoulders; or none.
    """
    found = []
    for words, same in zip(_spellings(names), same_keypoints(names, others), strict=True):
        wanted = same_keypoints(BETWEEN.get(words, ()), others) if same is None else [same]
        there = [number for number in wanted if number is not None]
        found.append(there if len(there) == len(wanted) else [])
    return found


def _spellings(names: Sequence[str]) -> list[tuple[str, ...]]:
    """The words of each name, in one order; the name itself where several have the same words."""
    words = (re.findall(r'[^\W_]+', NEW_WORD.sub('_', name).lower()) for name in names)
    found = [tuple(sorted(WHOLE_WORD.get(word, word) for word in of_one)) for of_one in words]
    shared = {words for words, count in Counter(found).items() if count > 1}
    return [(name,) if words in shared else words for name, words in zip(names, found, strict=True)]
