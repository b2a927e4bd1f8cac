# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import pytest
from mmpose.datasets.datasets import CocoDataset

from conftest import SHARED_DATA
from sdpose.annotations.annotation_file import check_annotations
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.use import Use
from sdpose.errors import InputError

PATH = Path('ann.json')
TRAINED = Use(3, ' (hint)')
EVALUATED = Use(3, ' (hint)', evaluated=True, area=True)
CROWDED = Use(3, ' (hint)', evaluated=True, crowding=True)
DETECTED = Use(3, ' (hint)', evaluated=True, area=True, detections=True)
NAN, HUGE = float('nan'), 10**400
GONE = object()
IMAGE = dict(file_name='a.jpg', width=100, height=80, crowdIndex=0.5)


def person(number, **changes):
    entry = dict(
        id=100 + number,
        image_id=number,
        category_id=1,
        bbox=[10, 10, 40, 60.5],
        keypoints=[20, 20, 2, 30, 30.5, 1, 0, 0, 0],
        num_keypoints=2,
        area=900.5,
        iscrowd=0,
    )
    entry.update(changes)
    return {key: value for key, value in entry.items() if value is not GONE}


def make(**lists):
    """Annotations of three persons in three images."""
    content = dict(
        images=[dict(IMAGE, id=i) for i in range(3)],
        annotations=[person(i) for i in range(3)],
        categories=[dict(id=1, name='person'), dict(id=2, name='dog')],
    )
    content.update(lists)
    return content


def with_image(**changes):
    content = make()
    image = dict(IMAGE, id=1) | changes
    content['images'][1] = {key: value for key, value in image.items() if value is not GONE}
    return content


def with_person(**changes):
    content = make()
    content['annotations'][1] = person(1, **changes)
    return content


def check(content, use=EVALUATED):
    return check_annotations(PATH, content, use)


@pytest.mark.parametrize('use', [TRAINED, EVALUATED, DETECTED, Use()])
def test_good_annotations(use):
    report = check(make(), use)
    assert (report.problems, report.note(), report.total) == ([], None, 3)
    assert report.image_ids == {0, 1, 2}
    report.raise_first()


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        (dict(id='101'), "(id '101'): its id '101' is not a whole number"),
        (dict(id=101.0), '(id 101.0): its id 101.0 is not a whole number'),
        (dict(id=True), 'its id True is not'),
        (dict(id=-1), 'its id -1 is not'),  # the evaluation takes -1 for "no match"
        (dict(id=HUGE), 'is not a whole number'),
        (dict(id=None), 'its id None is not'),
        (dict(id=GONE), 'annotation 1: it has no id'),
        (dict(id=100), '(id 100): annotation 0 has the same id'),
        (dict(image_id=77), '(id 101): its image_id 77 is not the id of one of the images'),
        (dict(image_id='1'), "its image_id '1' is not"),
        (dict(image_id=[1]), 'its image_id [1] is not'),
        (dict(image_id=GONE), 'it has no image_id'),
        (dict(category_id=3), 'its category_id 3 is not the id of one of the categories'),
        (dict(category_id='1'), "its category_id '1' is not"),
        (dict(category_id=2), 'its category_id 2 is not that of persons, 1'),
        (dict(category_id=GONE), 'it has no category_id'),
        (dict(bbox=[NAN, 10, 40, 60]), 'its bbox [nan, 10, 40, 60] is not four finite numbers'),
        (dict(bbox=[0, 0, float('inf'), 60]), 'is not four finite numbers'),
        (dict(bbox=[0, 0, 1e38, 60]), 'is not four finite numbers'),
        (dict(bbox=[0, 0, HUGE, 60]), 'is not four finite numbers'),
        (dict(bbox=[0, 0, True, 60]), 'is not four finite numbers'),
        (dict(bbox=['1', '2', '3', '4']), 'is not four finite numbers'),
        (dict(bbox=[1, 2, 3]), 'its bbox [1, 2, 3] is not four'),
        (dict(bbox=[[1, 2, 3, 4]]), 'is not four'),
        (dict(bbox=dict(x=1)), "its bbox {'x': 1} is not four"),
        (dict(bbox=None), 'its bbox None is not four'),
        (dict(keypoints=[20, 20, 2, NAN, 30, 1, 0, 0, 0]), 'the x of its keypoint 1, nan, is not'),
        (dict(keypoints=[20, 20, 2, 5, None, 1, 0, 0, 0]), 'the y of its keypoint 1, None, is'),
        (dict(keypoints=[20, 20, '2', 5, 5, 1, 0, 0, 0]), "the v of its keypoint 0, '2', is not"),
        (dict(keypoints=[20, 20, 2, 5, 5, 3, 0, 0, 0]), 'keypoint 1, 3, is not 0, 1 or 2'),
        (dict(keypoints=[20, 20, 2, 5, 5, -1, 0, 0, 0]), 'keypoint 1, -1, is not 0, 1 or 2'),
        (dict(keypoints=[20, 20, 2] * 14), 'it has 14 keypoints, not 3 (hint)'),
        (dict(keypoints=[]), 'it has 0 keypoints, not 3'),
        (dict(keypoints=[1, 2]), 'its keypoints [1, 2] is not a list of x, y, v'),
        (dict(keypoints=[[20, 20, 2]] * 3), 'the x of its keypoint 0, [20, 20, 2], is not'),
        (dict(keypoints='abc'), "its keypoints 'abc' is not a list"),
        (dict(keypoints=None), 'its keypoints None is not a list'),
        (dict(num_keypoints='2'), "its num_keypoints '2' is not a whole number"),
        (dict(num_keypoints=99), 'its num_keypoints is 99, but it has 2 labelled of 3'),
        (dict(keypoints=[9, 9, 0] * 3), 'its num_keypoints is 2, but it has 0 labelled of 3'),
        (dict(iscrowd='0'), "its iscrowd '0' is not 0 or 1"),
        (dict(iscrowd=[]), 'its iscrowd [] is not 0 or 1'),
        (dict(area=NAN), 'its area nan is not a finite number'),
        (dict(area='9'), "its area '9' is not a finite number"),
        (dict(area=-4.0), 'its area -4.0 is not a finite number'),
    ],
)
@pytest.mark.parametrize('use', [TRAINED, EVALUATED, DETECTED])
def test_wrong_annotation(changes, problem, use):
    report = check(with_person(**changes), use)
    (found,) = report.problems
    assert found.startswith('annotation 1')
    assert problem in found
    with pytest.raises(InputError) as error:
        report.raise_first()
    assert str(error.value) == f'ann.json: {found}.'


@pytest.mark.parametrize(
    ('changes', 'use', 'problem'),
    [
        (dict(area=GONE), EVALUATED, 'it has no area'),
        (dict(area=0), EVALUATED, 'its area is 0'),
        (dict(bbox=GONE), CROWDED, 'it has no bbox'),
        (dict(keypoints=GONE), CROWDED, 'it has no keypoints'),
        (dict(num_keypoints=GONE), CROWDED, 'it has no num_keypoints'),
    ],
)
def test_what_only_the_evaluation_needs(changes, use, problem):
    assert check(with_person(**changes), TRAINED).problems == []
    (found,) = check(with_person(**changes), use).problems
    assert found.startswith(f'annotation 1 (id 101): {problem}')


@pytest.mark.parametrize(
    ('changes', 'problem'),
    [
        (dict(id='1'), "its id '1' is not a whole number"),
        (dict(id=0), 'image 0 has the same id'),
        (dict(file_name=GONE), 'it has no file_name'),
        (dict(file_name=7), 'its file_name 7 is not the name of a picture'),
        (dict(file_name=''), 'is not the name of a picture'),
        (dict(width=0), 'its width 0 is not a whole number of pixels from 1'),
        (dict(height='80'), "its height '80' is not a whole number"),
        (dict(height=80.5), 'its height 80.5 is not'),
        (dict(height=GONE), 'it has no height'),
    ],
)
def test_wrong_image(changes, problem):
    found = check(with_image(**changes)).problems[0]
    assert found.startswith('image 1 (id ')
    assert problem in found


@pytest.mark.parametrize(
    ('index', 'problem'),
    [(GONE, 'it has no crowdIndex'), ('a', "its crowdIndex 'a' is not a number")],
)
def test_crowding_needs_its_index(index, problem):
    content = with_image(crowdIndex=index)
    assert check(content).problems == []
    assert check(content, CROWDED).problems == [f'image 1 (id 1): {problem}']


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ([], 'it is not an object'),
        ('text', 'it is not an object'),
        (None, 'it is not an object'),
        ({}, 'it has no "images"'),
        (dict(images=[]), 'it has no "annotations"'),
        (dict(images=[], annotations=[]), 'it has no "categories"'),
        (make(annotations={}), 'its "annotations" is not a list'),
        (make(images=None), 'its "images" is not a list'),
    ],
)
def test_something_else(content, message):
    with pytest.raises(InputError, match=f'ann.json is not an annotation file.*{message}'):
        check(content)


@pytest.mark.parametrize(
    ('lists', 'problem'),
    [
        (dict(annotations=[]), 'it has no persons'),
        (dict(images=[]), 'annotation 0 (id 100): its image_id 0 is not'),
        (dict(images=[[1]]), 'image 0: [1] is not an object'),
        (dict(annotations=[5]), 'annotation 0: 5 is not an object'),
        (dict(categories=[]), 'annotation 0 (id 100): its category_id 1 is not'),
        (dict(categories=[dict(id=1, name=3)]), 'category 0 (id 1): its name 3 is not a text'),
        (dict(categories=[dict(id='1')]), "category 0 (id '1'): its id '1' is not"),
        (
            dict(annotations=[person(i, category_id=2) for i in range(3)]),
            'annotation 0 (id 100): its category_id 2 is not that of persons, 1',
        ),
        (
            dict(annotations=[person(1, iscrowd=1), person(2, keypoints=[0] * 9, num_keypoints=0)]),
            'none of its 2 persons can be used: 1 marked as a crowd, 1 without labelled keypoints',
        ),
    ],
)
def test_the_whole_file_is_wrong(lists, problem):
    assert check(make(**lists)).problems[0].startswith(problem)


def test_instances_instead_of_persons():
    content = make(annotations=[person(i, keypoints=GONE, num_keypoints=GONE) for i in range(3)])
    (found,) = check(content, TRAINED).problems
    assert found.startswith('none of its 3 persons can be used: 3 without labelled keypoints.')
    assert 'person_keypoints_*.json' in found


def test_others_are_counted():
    content = make(annotations=[person(0, bbox=[1]), person(1), person(2, id='a')])
    with pytest.raises(InputError, match=r'x, y, width, height\. 1 more entry is wrong\.$'):
        check(content).raise_first()


def test_who_is_left_out_is_counted_as_mmpose_does(tmp_path):
    cases = {
        'without labelled keypoints': [
            dict(keypoints=[0] * 9, num_keypoints=0, area=0),
            dict(keypoints=GONE, num_keypoints=GONE),
        ],
        'marked as a crowd': [dict(iscrowd=1)],
        'with num_keypoints 0, though some are labelled': [dict(num_keypoints=0)],
        'with keypoints outside the picture': [dict(keypoints=[-5, 0, 2] * 3)],
        'without a box': [dict(bbox=GONE)],
        'with a box without width or height': [
            dict(bbox=[10, 10, 0, 60]),
            dict(bbox=[10, 10, 40, -60]),
        ],
        'with a box outside the picture': [
            dict(bbox=[99, 10, 40, 60]),
            dict(bbox=[10, -70, 40, 70]),
            dict(bbox=[200, 200, 5, 5]),
        ],
        'used': [
            {},
            dict(iscrowd=GONE),
            dict(area=GONE),
            dict(num_keypoints=GONE),
            dict(num_keypoints=1),
            dict(bbox=[-20, -20, 40, 1000]),
            dict(keypoints=[-5, 900, 2] * 3),
        ],
    }
    changes = [change for group in cases.values() for change in group]
    annotations = [person(i % 3, id=i, **dict(change)) for i, change in enumerate(changes)]
    content = make(annotations=annotations)
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(content))
    dataset = CocoDataset(ann_file=str(path))
    report = check_annotations(path, content, TRAINED)
    assert report.problems == []
    used = len(cases.pop('used'))
    assert dict(report.unused) == {reason: len(group) for reason, group in cases.items()}
    assert len(dataset) == used
    note = report.note()
    assert note.startswith(f'{path}: {len(changes) - used} of {len(changes)} persons are not used:')
    assert '3 with a box outside the picture' in note


def test_images_alone_are_enough_for_a_submission():
    alone = Use(3, labelled=False, detections=True)
    content = make()
    del content['annotations']
    assert check(content, alone).problems == []
    with pytest.raises(InputError, match='it has no "annotations"'):
        check(content)


def test_other_things_than_persons():
    animals = make(categories=[dict(id=1, name='cow'), dict(id=2, name='dog')])
    animals['annotations'][1]['category_id'] = 2
    assert check(animals).problems == []
    (found,) = check(animals, DETECTED).problems  # MMPose takes detections of category 1
    assert 'its category_id 2 is not that of persons, 1' in found


def test_any_number_of_keypoints_as_long_as_it_is_the_same():
    content = with_person(keypoints=[1, 1, 2] * 5, num_keypoints=5)
    assert check(content, Use()).problems == [
        'annotation 1 (id 101): it has 5 keypoints, not 3 as most have'
    ]
    for person in content['annotations'][1:]:
        person['keypoints'] = []
    problem, *_ = check(content, Use()).problems
    assert problem == 'annotation 1 (id 101): it has 0 keypoints, not 3 as most have'


@pytest.mark.parametrize(
    ('name', 'use', 'total', 'unused'),
    [
        ('coco_mini/annotations/person_keypoints_train2017.json', Use(17), 147, 61),
        ('coco_sample/test_coco.json', Use(17, evaluated=True, area=True), 14, 2),
        ('crowdpose_sample/test_crowdpose.json', Use(14, evaluated=True, crowding=True), 5, 1),
        ('lspet/annotations/val.json', Use(14, evaluated=True, crowding=True, area=True), 1034, 0),
    ],
)
def test_published_files_pass(name, use, total, unused):
    path = SHARED_DATA / name
    if not path.is_file():
        pytest.skip(f'there is no {path}')
    report = check_annotations(path, read_coco_json(path, 'file of annotations'), use)
    assert report.problems == []
    assert (report.total, sum(report.unused.values())) == (total, unused)
