# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import io

import cv2
import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.figures.contact_sheet import draw_contact_sheet
from sdpose.figures.results import Results
from sdpose.runtime.drawing import confidence_colors

POINTS = np.array([[10.0, 20.0], [60.0, 20.0], [60.0, 70.0]])


def person(image_id, *values, **more):
    """A person of three keypoints with these v or confidences."""
    keypoints = np.column_stack([POINTS, values]).ravel().tolist()
    return dict(image_id=image_id, keypoints=keypoints, **more)


@pytest.fixture
def make_results(tmp_path):
    """Results of grey images, in each of which are one person and its prediction."""

    def make(truth, predictions, count=1):
        images = [dict(id=i, file_name=f'{i}.png') for i in range(count)]
        for image in images:
            cv2.imwrite(str(tmp_path / image['file_name']), np.full((90, 100, 3), 128, np.uint8))
        info = dict(num_keypoints=3, skeleton_links=[(0, 1), (1, 2)])
        return Results(dict(images=images, annotations=truth), predictions, tmp_path, info)

    return make


def pictures(figure):
    """Title -> RGB picture."""
    shown = [axis for axis in figure.axes if axis.get_title()]
    return {axis.get_title(): axis.images[0].get_array().astype(int) for axis in shown}


def color(confidence):
    return confidence_colors(np.array([confidence]))[0, ::-1]


def test_predictions_have_the_colour_of_their_confidence(make_results):
    results = make_results([person(0, 1, 2, 2)], [person(0, 0.9, 0.9, 0.1, score=0.5)])
    truth, found = pictures(draw_contact_sheet(results)).values()
    for x, y in POINTS.astype(int):
        assert np.array_equal(truth[y, x], color(1))
    for (x, y), confidence in zip(POINTS.astype(int), (0.9, 0.9, 0.1), strict=True):
        assert np.array_equal(found[y, x], color(confidence))
    assert np.array_equal(found[20, 35], color(0.9))  # limbs
    assert np.array_equal(found[45, 60], color(0.1))


def test_unlabelled_keypoints_are_not_drawn(make_results):
    results = make_results([person(0, 2, 2, 0)], [])
    truth, found = pictures(draw_contact_sheet(results)).values()
    assert (truth[15:26, 5:66] != 128).any()
    assert (truth[30:] == 128).all()
    assert (found == 128).all()


def test_perfect_predictions_look_like_the_ground_truth(make_results):
    truth = [person(i, 2, 2, 1, num_keypoints=3) for i in range(5)]
    results = make_results(truth, [person(i, 1, 1, 1, score=0.9) for i in range(5)], count=5)
    shown = pictures(draw_contact_sheet(results, number=3))
    expected = [f'{i}.png: {kind}' for i in (0, 2, 4) for kind in ('ground truth', 'prediction')]
    assert list(shown) == expected  # from all over the data set
    for i in (0, 2, 4):
        assert shown[f'{i}.png: ground truth'].std() > 10
        assert np.array_equal(shown[f'{i}.png: ground truth'], shown[f'{i}.png: prediction'])
    weak = pictures(draw_contact_sheet(results, min_score=0.95))
    assert (weak['0.png: prediction'] == 128).all()


def test_any_name_is_a_title(make_results):
    results = make_results([person(0, 2, 2, 2)], [])
    name = '$a_b^{$.png'
    (results.images / '0.png').rename(results.images / name)
    results.truth['images'][0]['file_name'] = name
    figure = draw_contact_sheet(results)
    assert list(pictures(figure)) == [f'{name}: ground truth', f'{name}: prediction']
    figure.savefig(io.BytesIO())


def test_nothing_to_show(make_results):
    nobody = make_results([person(0, 0, 0, 0, num_keypoints=0)], [])
    with pytest.raises(InputError, match='no person with keypoints'):
        draw_contact_sheet(nobody)
    results = make_results([person(0, 2, 2, 2)], [])
    with pytest.raises(InputError, match='at least one image'):
        draw_contact_sheet(results, number=0)
    with pytest.raises(InputError, match='no more than 400 fit a sheet'):
        draw_contact_sheet(results, number=100_000)
    with pytest.raises(InputError, match='--min-score nan: it must be a finite number'):
        draw_contact_sheet(results, min_score=float('nan'))
    (results.images / '0.png').unlink()
    with pytest.raises(InputError, match=r'0\.png: it cannot be read'):
        draw_contact_sheet(results)
