# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from pathlib import Path

import pytest

from conftest import SHARED_DATA
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.result_file import check_detections, check_predictions
from sdpose.errors import InputError

PATH = Path('found.json')
IMAGES = {number: dict(width=40, height=30) for number in (1, 2)}
NAN, HUGE, GONE = float('nan'), 10**400, object()


def detection(**changes):
    entry = dict(image_id=1, category_id=1, bbox=[1, 2.5, 3, 4], score=0.9) | changes
    return {key: value for key, value in entry.items() if value is not GONE}


def prediction(**changes):
    entry = dict(image_id=1, keypoints=[1, 2.5, 0.9] * 3, score=0.9) | changes
    return {key: value for key, value in entry.items() if value is not GONE}


def predictions(*entries):
    return check_predictions(PATH, [*entries], {1, 2}, 3, ' (hint)')


def test_good_entries():
    found = check_detections(PATH, [detection(), detection(bbox=[1, 2, 3, 4, 0.9])], IMAGES)
    assert (found.problems, found.note(), found.image_ids) == ([], None, {1})
    found = predictions(prediction(), prediction(image_id=2, score=-3, category_id='x'))
    assert (found.problems, found.note(), found.image_ids) == ([], None, {1, 2})


SHARED = [
    (dict(image_id=7), 'its image_id 7 is not the id of one of the images'),
    (dict(image_id='1'), "its image_id '1' is not"),
    (dict(image_id=1.0), 'its image_id 1.0 is not'),
    (dict(image_id=[1]), 'its image_id [1] is not'),
    (dict(image_id=GONE), 'it has no image_id'),
    (dict(score=NAN), 'its score nan is not a finite number'),
    (dict(score='0.9'), "its score '0.9' is not"),
    (dict(score=HUGE), 'is not a finite number'),
    (dict(score=None), 'its score None is not'),
    (dict(score=GONE), 'it has no score'),
]


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        *SHARED,
        (dict(category_id='1'), "its category_id '1' is not a number"),
        (dict(category_id=GONE), 'it has no category_id'),
        (dict(bbox=[1, 2, 3]), 'its bbox [1, 2, 3] is not four finite numbers'),
        (dict(bbox=[1, 2, NAN, 4]), 'is not four'),
        (dict(bbox=[1, 2, HUGE, 4]), 'is not four'),
        (dict(bbox=[1, 2, 1e38, 4]), 'is not four'),
        (dict(bbox=dict(x=1)), 'is not four'),
        (dict(bbox=GONE), 'it has no bbox'),
    ],
)
def test_wrong_detection(changes, problem):
    report = check_detections(PATH, [detection(), detection(**changes)], IMAGES)
    (found,) = report.problems
    assert found.startswith('detection 1: ')
    assert problem in found


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        *SHARED,
        (dict(keypoints=[1, 2, 3]), 'it has 1 keypoints, not 3 (hint)'),
        (dict(keypoints=[1, 2, 3, 4]), 'it has 1.33333 keypoints, not 3'),
        (dict(keypoints=[]), 'it has 0 keypoints'),
        (dict(keypoints=[[1, 2, 3]] * 3), 'is not a list of finite numbers'),
        (dict(keypoints=[NAN] * 9), 'is not a list of finite numbers'),
        (dict(keypoints='abc'), "its keypoints 'abc' is not"),
        (dict(keypoints=GONE), 'it has no keypoints'),
    ],
)
def test_wrong_prediction(changes, problem):
    (found,) = predictions(prediction(), prediction(**changes)).problems
    assert found.startswith('prediction 1: ')
    assert problem in found


def test_other_categories_are_counted():
    # detectors find cups and dogs as well, in pictures that need not be annotated
    other = detection(category_id=17, image_id='b', bbox=None)
    report = check_detections(PATH, [other, detection(), other], IMAGES)
    assert report.problems == []
    assert report.note() == (
        'found.json: 2 of 3 detections are not used: 2 of other categories than persons, 1.'
    )
    (found,) = check_detections(PATH, [other], IMAGES).problems
    assert found.startswith('none of its 1 detections can be used: 1 of other categories')


def test_boxes_that_nobody_can_be_in_are_counted():
    boxes = ([1, 2, -3, 4], [1, 2, 3, 0], [50, 2, 3, 4])
    wrong = [detection(bbox=box, image_id=2) for box in boxes]
    report = check_detections(PATH, [detection(), *wrong], IMAGES)
    assert (report.problems, report.image_ids) == ([], {1})
    assert report.unused == {
        'with a box without width or height': 2,
        'with a box outside the picture': 1,
    }
    assert check_detections(PATH, wrong, IMAGES).problems[0].startswith('none of its 3 detections')


def test_nothing_in_it():
    assert check_detections(PATH, [], IMAGES).problems == ['it has no detections']
    assert predictions().problems == ['it has no predictions']
    assert predictions(5, None).problems[0] == 'prediction 0: 5 is not an object with keys'
    for content in ({}, 'text', 5, None):
        with pytest.raises(InputError, match=r'no detections .* it is not a list'):
            check_detections(PATH, content, IMAGES)
        with pytest.raises(InputError, match=r'no predictions .* it is not a list'):
            check_predictions(PATH, content, {1}, 3)


@pytest.mark.parametrize(
    ('name', 'count'),
    [
        ('coco_sample/test_coco_det_AP_H_56.json', 118),
        ('crowdpose_sample/test_crowdpose_det_AP_40.json', 6),
    ],
)
def test_published_files_pass(name, count):
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f'there is no {path}')
    ids = (785, 40083, 196141, 197388, 103319, 106848)
    images = {number: dict(width=640, height=640) for number in ids}
    report = check_detections(path, read_coco_json(path, 'file'), images)
    assert (report.problems, report.total, report.note()) == ([], count, None)
