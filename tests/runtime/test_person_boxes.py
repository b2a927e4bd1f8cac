# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame
from sdpose.runtime.person_boxes import (
    FixedBoxes,
    PersonBoxes,
    are_numbers,
    numbers,
    parse_box,
    whole_image,
)

IMAGE = np.zeros((40, 60, 3), np.uint8)
FRAME = Frame(IMAGE, 'a.jpg', 0)


def test_boxes_of_the_command_line_and_of_the_whole_image():
    persons, complaints = FixedBoxes(['1,2,30,40', ' -0.5,0,1e1,2'])(FRAME)
    assert persons.boxes.tolist() == [[1, 2, 30, 40], [-0.5, 0, 10, 2]]
    assert persons.scores.tolist() == [1, 1]
    assert complaints == []
    persons, complaints = whole_image(FRAME)
    assert persons.boxes.tolist() == PersonBoxes.whole(IMAGE).boxes.tolist() == [[0, 0, 60, 40]]
    assert complaints == []


@pytest.mark.parametrize('text', ['1,2,3', '1,2,3,x', '', '1,2,3,nan', '1,2,inf,4', '1 2 3 4'])
def test_box_that_is_not_four_numbers(text):
    with pytest.raises(InputError, match='is not four numbers x,y,w,h'):
        parse_box(text)


@pytest.mark.parametrize(
    'value', [1e7, -1e7, 10**400, float('nan'), float('inf'), True, '1', None, [1], {}]
)
def test_what_is_no_number_of_pixels(value):
    assert not are_numbers([1, value], 2)
    assert numbers([1, value], 2) is None
    assert are_numbers([1, 9999999.5], 2)
    assert numbers([1, -2.5], 2) == [1.0, -2.5]


def test_numbers_are_a_list_of_so_many():
    for values in ((1, 2), [1], [1, 2, 3], '12', None, {1: 2, 3: 4}):
        assert not are_numbers(values, 2)
        assert numbers(values, 2) is None
    assert are_numbers([1e9], 1, limit=1e10)
    assert not are_numbers([1e10], 1, limit=1e10)


@pytest.mark.parametrize('text', ['1,2,0,4', '1,2,3,-4', '10,10,5,-5'])
def test_box_without_a_size(text):
    with pytest.raises(InputError, match=f'The box {text} has no positive width and height'):
        parse_box(text)


def test_unusable_boxes_are_taken_out_and_named():
    boxes = [
        [10, 10, 5, 5],
        [-5, -5, 10, 10],
        [60, 0, 10, 10],
        [0, -20, 10, 20],
        [10, 10, 0, 5],
        [float('nan'), 0, 1, 1],
        [10, 10, 1e-30, 1e-30],
        [0, 0, 1e7, 5],
        [0, 0, 1e38 * 10, 5],
        [1, 1, 5, 5],
    ]
    persons = PersonBoxes.of(boxes, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, float('inf')])
    usable, complaints = persons.split_usable(IMAGE)
    assert usable.boxes.tolist() == boxes[:2]
    assert np.allclose(usable.scores, [0.1, 0.2])
    assert complaints == [
        'the box 60,0,10,10 (x,y,w,h) lies outside the image of 60x40',
        'the box 0,-20,10,20 (x,y,w,h) lies outside the image of 60x40',
        'the box 10,10,0,5 (x,y,w,h) has no positive width and height',
        'the box nan,0,1,1 (x,y,w,h) is not four numbers of pixels',
        'the box 10,10,1e-30,1e-30 (x,y,w,h) is smaller than 0.1 pixels',
        'the box 0,0,1e+07,5 (x,y,w,h) is not four numbers of pixels',
        'the box 0,0,inf,5 (x,y,w,h) is not four numbers of pixels',
        'the box 1,1,5,5 (x,y,w,h) has the score inf, which is not a number',
    ]


def test_no_boxes_and_wrong_shapes():
    usable, complaints = PersonBoxes.of([]).split_usable(IMAGE)
    assert (usable.boxes.shape, usable.scores.shape, complaints) == ((0, 4), (0,), [])
    with pytest.raises(InputError, match=r'shape \(N, 4\)'):
        PersonBoxes.of([1, 2, 3, 4])
    with pytest.raises(InputError, match='must be numbers'):
        PersonBoxes.of([[1, 2, 3], [1, 2, 3, 'x']])
    with pytest.raises(InputError, match='must be numbers'):
        PersonBoxes.of([[1, 2, 3, 10**400]])
    with pytest.raises(InputError, match='as many scores'):
        PersonBoxes.of([[1, 2, 3, 4]], [1, 1])
