# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.evaluation.error_types import TYPES, error_types
from sdpose.evaluation.oks_matches import Match

SIGMAS = np.array([0.05, 0.05, 0.1])
MIRRORED = [1, 0, 2]
POINTS = np.array([[100.0, 100], [140, 100], [120, 160]])
OTHER = POINTS + np.array([200, 0])
REACH = 0.1 * 40 * np.sqrt(2 * np.log(2))  # where the similarity to joint 0 is 0.5; s = 40


def person(points, visible=(2, 2, 2)):
    keypoints = np.column_stack([points, visible]).ravel().tolist()
    return dict(image_id=1, keypoints=keypoints, area=1600.0, bbox=[90, 90, 60, 80])


def types_of(found, *others, visible=(2, 2, 2)):
    of, prediction = person(POINTS, visible), person(found)
    truth = dict(annotations=[person(other) for other in others] + [of])
    (types,) = error_types([Match(1.0, of, prediction)], truth, MIRRORED, SIGMAS)
    return [TYPES[index] if index >= 0 else None for index in types]


@pytest.mark.parametrize(
    ('place', 'expected'),
    [
        (POINTS[0], 'good'),
        (POINTS[0] + [0, -REACH * 0.99], 'jitter'),
        (POINTS[0] + [0, -REACH * 1.01], 'miss'),
        (POINTS[1], 'left/right inversion'),
        (POINTS[2], 'other inversion'),
        (OTHER[0], 'swap'),
        (OTHER[1] + [0, -REACH * 0.99], 'swap'),
        (OTHER[1] + [0, -REACH * 1.01], 'miss'),
    ],
)
def test_each_type(place, expected):
    found = np.array([place, *POINTS[1:]])
    assert types_of(found, OTHER) == [expected, 'good', 'good']
    assert types_of(found, OTHER, visible=(0, 2, 2)) == [None, 'good', 'good']
    if expected == 'swap':
        assert types_of(found)[0] == 'miss'  # there is nobody else


def test_the_right_joint_comes_first_and_then_the_own_ones():
    near = np.array([POINTS[0] + [REACH * 0.9, 0], *POINTS[1:]])
    assert types_of(near, near)[0] == 'jitter'  # though it is exactly where another's is
    mirrored = POINTS[[1, 0, 2]]
    assert types_of(mirrored, mirrored) == ['left/right inversion'] * 2 + ['good']
    hidden = (2, 0, 2)  # a joint that is not labelled confuses nobody
    assert types_of(POINTS[[1, 1, 2]], visible=hidden) == ['miss', None, 'good']
