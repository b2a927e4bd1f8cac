# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.annotations.swapped_sides import find_swaps

# left keypoint's place beside the middle, and height: eyes, shoulders, hands, hips, feet, nose
PLACES = [(3, 0), (10, 20), (16, 60), (8, 60), (7, 110)]
PAIRS = [(2 * i, 2 * i + 1) for i in range(len(PLACES))]
FLIPPED = [side for pair in PAIRS for side in pair[::-1]] + [10]


@pytest.fixture
def persons():
    """200 of them, some upside down; every fourth from behind, without eyes and nose."""
    rng = np.random.default_rng(0)
    points = np.zeros((200, 11, 3))
    for i, (x, y) in enumerate(PLACES):
        points[:, [2 * i, 2 * i + 1]] = [[x, y, 2], [-x, y, 2]]
    points[:, 10] = 0, 3, 2
    points[::4, :, 0] *= -1
    points[::4, [0, 1, 10], 2] = 0
    points[10:20, :, :2] *= -1
    points[..., :2] += rng.normal(0, 1.5, (200, 11, 2)) + rng.uniform(100, 900, (200, 1, 2))
    return points, np.tile([0, 0, 40, 120], (200, 1))


def swap(points, which, pairs=PAIRS):
    for left, right in pairs:
        points[which, left], points[which, right] = points[which, right], points[which, left].copy()


def test_nothing_is_swapped(persons):
    swaps = find_swaps(*persons, PAIRS)
    assert not swaps.in_person.any()
    assert not swaps.person.any()
    assert (swaps.pairs, swaps.whole_file) == ([], False)


@pytest.mark.parametrize('swapped', [[1], [3], [3, 4]])
def test_pairs_of_a_person(persons, swapped):
    points, boxes = persons
    swap(points, [15, 33], [PAIRS[i] for i in swapped])  # 15 is upside down
    found = find_swaps(points, boxes, PAIRS).in_person > 0
    assert np.argwhere(found).tolist() == [[i, pair] for i in (15, 33) for pair in swapped]


@pytest.mark.parametrize('is_whole_file', [False, True])
def test_all_pairs(persons, is_whole_file):
    points, boxes = persons
    swap(points, slice(None) if is_whole_file else [])
    swap(points, [15, 33, 40])
    swaps = find_swaps(points, boxes, PAIRS)
    assert not swaps.in_person.any()
    # nobody can tell it of 40, who is seen from behind
    assert np.flatnonzero(swaps.person).tolist() == [15, 33]
    assert (swaps.pairs, swaps.whole_file) == ([], is_whole_file)


def test_a_pair_of_the_whole_file(persons):
    points, boxes = persons
    swap(points, slice(None), PAIRS[3:4])
    swaps = find_swaps(points, boxes, PAIRS)
    assert (swaps.pairs, swaps.whole_file) == ([3], False)
    assert not swaps.in_person.any()


@pytest.mark.parametrize('pairs', [PAIRS, PAIRS[:1], PAIRS[:2]])
def test_few_and_odd_ones_prove_nothing(persons, pairs):
    points, boxes = persons
    points[1], points[2, :, :2], points[3, 0, :2] = (0, 0, 0), 7, (9e6, -9e6)
    swaps = find_swaps(points[1:5], boxes[1:5] * 1e-9, pairs)
    assert not swaps.in_person.any()
    assert (swaps.pairs, swaps.whole_file) == ([], False)
