# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Whether the keypoints of a file are those that a data set takes them for."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from sdpose.annotations.entries import Problem
from sdpose.annotations.keypoint_names import left_right_pairs, same_keypoints


def order_problems(
    names: Any, expected: Sequence[str], pairs: Collection[tuple[int, int]]
) -> Iterator[Problem]:
    """Yield why keypoints cannot be those that a data set takes them for.

    Data sets spell names in many ways, and CrowdPose's ``head`` is ``top_head`` in MMPose: only
    what would go wrong is a problem.

    Args:
        names: Of a category's keypoints, which may be anything.
        expected: Of the K keypoints of the data set.
        pairs: Indices (left, right) of those that a mirror swaps.
    """
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return
    if len(names) != len(expected):
        return
    mend = (
        'as its metainfo says: flips and OKS would be wrong, so give it the metainfo of this '
        'file, which tools/dataset/new_dataset.py writes'
    )
    for number, place in enumerate(same_keypoints(names, expected)):
        if place not in (None, number):
            text = f'its keypoint {number} is {names[number]}, but that of the data set is '
            yield Problem(f'{text}{expected[number]}, {mend}', 'order of keypoints')
    for left, right in left_right_pairs(names):
        if (left, right) not in pairs:
            text = f'its {names[left]} and {names[right]} are the {expected[left]} and '
            yield Problem(f'{text}{expected[right]} of the data set, {mend}', 'order of keypoints')
