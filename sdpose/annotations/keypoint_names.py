# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the names of keypoints tell: which lie on the left and on the right of a body."""

import re
from collections.abc import Sequence

WORD = re.compile(r'[A-Z]?[a-z]+|[A-Z]+(?![a-z])')
OTHER_SIDE = {'left': 'right', 'l': 'r'}
OTHER_SIDE |= {right: left for left, right in OTHER_SIDE.items()}
LEFT = ('left', 'l')


def left_right_pairs(names: Sequence[str]) -> list[tuple[int, int]]:
    """Find the keypoints that lie on both sides of a body.

    Args:
        names: Of the keypoints, e.g. ``left_wrist``, ``wrist_l``, ``LeftWrist``, ``lWrist``.

    Returns:
        Indices (left, right) of names that differ by their side alone.
    """
    index = {name: number for number, name in enumerate(names)}
    return [
        (number, index[other])
        for number, name in enumerate(names)
        for side, other in _mirrored(name)
        if side in LEFT and other in index
    ]


def plain_name(name: str) -> str:
    """Write a name as others of the same keypoint may be written: ``L_Eye``, ``left_eye``: leye."""
    words = (word.lower() for word in WORD.findall(name))
    return ''.join(dict(left='l', right='r').get(word, word) for word in words)


def _mirrored(name: str) -> list[tuple[str, str]]:
    """The sides that a name may tell, and the name with each turned to the other."""
    found = [(word[0], word.start()) for word in WORD.finditer(name)]
    found += [(word[0], 0) for word in re.finditer(r'^(?:left|right)', name)]  # leftear
    return [
        (
            word.lower(),
            name[:start] + _alike(word, OTHER_SIDE[word.lower()]) + name[start + len(word) :],
        )
        for word, start in dict.fromkeys(found)
        if word.lower() in OTHER_SIDE
    ]


def _alike(word: str, other: str) -> str:
    """Another word, in capitals where the first has them."""
    if word.islower():
        return other
    return other.capitalize() if len(word) > 1 and not word.isupper() else other.upper()
