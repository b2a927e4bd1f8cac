# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.annotations.labelled_twice import estimate_sigmas


def person(x, keypoints, **changes):
    """Of 100 square pixels, in a box of 40 x 40 pixels."""
    flat = np.array(keypoints, float).ravel().tolist()
    return dict(image_id=1, category_id=1, bbox=[x, 0, 40, 40], area=100, keypoints=flat) | changes


def content_of(*persons, number=1, name='a.jpg'):
    image = dict(id=number, file_name=name, width=200, height=100)
    return dict(images=[image], annotations=[dict(each, image_id=number) for each in persons])


def test_sigma_is_the_root_mean_square_distance_by_the_root_of_the_area():
    first = content_of(
        person(100, [(120, 10, 2), (120, 20, 2), (120, 30, 2)], area=400),
        person(0, [(10, 10, 2), (20, 20, 1), (30, 30, 0)]),
        person(60, [(70, 10, 2)] * 3, iscrowd=1),
        person(150, [(170, 5, 2)] * 3, area=None),
    )
    again = content_of(
        person(2, [(13, 14, 2), (20, 20, 2), (30, 30, 2)]),
        person(100, [(120, 10, 1), (120, 28, 2), (0, 0, 0)], area=5),
        person(150, [(170, 7, 2), (0, 0, 0), (0, 0, 0)]),
        number=7,
    )
    sigmas, count = estimate_sigmas(first, again)
    assert count == 3
    # 5 px at 100 px^2, 0 px, and 2 px at 0.53 * 40^2 px^2; 0 px and 8 px at 400 px^2; nobody
    first_mean = (0.25 + 4 / (0.53 * 1600)) / 3
    np.testing.assert_allclose(sigmas, [first_mean**0.5, 0.08**0.5, np.nan])


@pytest.mark.parametrize(
    'again',
    [content_of(), content_of(person(150, [(160, 10, 2)])),
     content_of(person(0, [(10, 10, 2)]), name='b.jpg')],
)  # fmt: skip
def test_nobody_in_both(again):
    sigmas, count = estimate_sigmas(content_of(person(0, [(10, 10, 2)])), again)
    assert count == 0 and len(sigmas) == 0
