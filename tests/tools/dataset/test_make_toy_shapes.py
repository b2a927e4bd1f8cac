# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import random

import make_toy_shapes
import numpy as np
import pytest
from make_toy_shapes import SHAPES, draw_shape

from sdpose.errors import InputError


def make(*arguments):
    make_toy_shapes.main([str(argument) for argument in arguments])


def test_shapes_differ_in_area_as_they_should():
    area = {
        name: np.mean(
            [
                (np.asarray(draw_shape(name, 32, random.Random(seed))).max(-1) > 128).mean()
                for seed in range(20)
            ]
        )
        for name in SHAPES
    }
    # regular polygons in the same circle: pi, 2 and 1.3 of its squared radius
    assert 0.2 < area['circle'] < 0.5
    assert np.isclose(area['square'] / area['circle'], 2 / np.pi, rtol=0.1)
    assert np.isclose(area['triangle'] / area['circle'], 1.299 / np.pi, rtol=0.1)
    assert area['star'] < area['square']


def test_folders_repeat_and_are_not_overwritten(tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'second'
    for folder in (first, second):
        make(folder, '--images', 2, '--val-images', 1, '--size', 16)
    files = sorted(path.relative_to(first) for path in first.rglob('*.png'))
    assert len(files) == len(SHAPES) * 3
    assert all((first / path).read_bytes() == (second / path).read_bytes() for path in files)
    with pytest.raises(InputError, match='is not empty'):
        make(first)


@pytest.mark.parametrize(
    ('option', 'value'),
    [('--images', 0), ('--images', 10**9), ('--val-images', -1), ('--size', 0), ('--size', 10**6)],
)
def test_numbers_out_of_range(tmp_path, option, value):
    with pytest.raises(InputError, match=f'{option} must be from 1 to .*, but is {value}'):
        make(tmp_path / 'none', option, value)
    assert not (tmp_path / 'none').exists()
