# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from onnx_runtime.boxes import PersonBoxes, parse_box, whole_image
from onnx_runtime.errors import InputError


def test_command_line():
    assert parse_box(' -1,2.5,30,40') == [-1, 2.5, 30, 40]
    for text in ('1,2,3', '1,2,3,four', '1,2,3,inf'):
        with pytest.raises(InputError, match='is not four numbers'):
            parse_box(text)
    for text in ('1,2,0,4', '1,2,3,-4'):
        with pytest.raises(InputError, match=f'The box {text} has no positive width'):
            parse_box(text)


def test_unusable_boxes_are_taken_out():
    boxes = PersonBoxes.of(
        [[1, 2, 3, 4], [1, 2, 0, 4], [100, 2, 3, 4], [float('nan'), 2, 3, 4]], [0.1, 0.2, 0.3, 0.4]
    )
    usable, complaints = boxes.split_usable(60, 80)
    assert usable.boxes.tolist() == [[1, 2, 3, 4]]
    assert usable.scores.tolist() == [pytest.approx(0.1)]
    assert complaints == [
        'the box 1,2,0,4 (x,y,w,h) has no positive width and height',
        'the box 100,2,3,4 (x,y,w,h) lies outside the image of 80x60',
        'the box nan,2,3,4 (x,y,w,h) is not four numbers',
    ]


def test_no_boxes_and_the_whole_image():
    usable, complaints = PersonBoxes.of([]).split_usable(60, 80)
    assert (usable.boxes.shape, complaints) == ((0, 4), [])
    assert whole_image(np.zeros((60, 80, 3))).boxes.tolist() == [[0, 0, 80, 60]]
