# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import re
import reprlib

import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.runtime.box_file import BoxFile
from sdpose.runtime.frames import Frame


def frame(name, height=100, width=200):
    return Frame(np.zeros((height, width, 3), np.uint8), name, 0)


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def persons_in(boxes, name):
    """The persons of a picture, about none of whom is anything to complain."""
    persons, complaints = boxes(frame(name))
    assert complaints == []
    return persons


def annotation(image_id, bbox, **more):
    return dict(image_id=image_id, bbox=bbox, category_id=4, num_keypoints=5, iscrowd=0) | more


TRUTH = dict(
    images=[
        dict(id=7, file_name='a/x.jpg'),
        dict(id=8, file_name='b/x.jpg'),
        dict(id=9, file_name='b/y.jpg'),
    ],
    annotations=[
        annotation(7, [10, 20, 30, 40]),
        annotation(7, [-10, 50, 500, 60]),
        annotation(8, [1, 1, 1, 1], iscrowd=1),
        annotation(8, [2, 2, 2, 2], num_keypoints=0),
        annotation(8, [3, 3, 3, 3], category_id=1),
        annotation(9, [4, 4, 4, 4]),
    ],
    categories=[dict(id=4, name='person'), dict(id=1, name='dog')],
)
DETECTIONS = [
    dict(image_id=785, category_id=1, bbox=[1, 2, 3, 4], score=0.9),
    dict(image_id=785, category_id=1, bbox=[5, 6, 7, 8], score=0.5),
    dict(image_id=785, category_id=1, bbox=[-9, 6, 900, 8], score=0.49),
    dict(image_id=785, category_id=3, bbox=[1, 1, 1, 1], score=0.9),
]


def test_ground_truth_gives_what_mmpose_tests(tmp_path):
    boxes = BoxFile(write(tmp_path / 'truth.json', TRUTH))
    persons = persons_in(boxes, 'a/x.jpg')
    # the second is cut to 0..199 and 0..99, as in MMPose's data sets
    assert persons.boxes.tolist() == [[10, 20, 30, 40], [0, 50, 199, 49]]
    assert persons.scores.tolist() == [1, 1]
    assert len(persons_in(boxes, 'b/x.jpg').boxes) == 0  # crowd, no keypoints, no person


@pytest.mark.parametrize(('keypoints', 'count'), [([5, 5, 0], 0), ([5, 5, 2], 1), ([], 0), (7, 1)])
def test_labelled_keypoints_are_counted_where_no_number_is_given(tmp_path, keypoints, count):
    person = annotation(9, [4, 4, 4, 4], keypoints=keypoints)
    del person['num_keypoints']
    entries = [annotation(7, [1, 2, 3, 4]), person]
    boxes = BoxFile(write(tmp_path / 'a.json', dict(TRUTH, annotations=entries)))
    assert len(persons_in(boxes, 'b/y.jpg').boxes) == count


def test_animals_are_persons_where_no_category_is_called_so(tmp_path):
    kinds = [dict(id=4, name='dog'), dict(id=0, name='cat')]
    entries = [annotation(9, [4, 4, 4, 4], category_id=kind['id']) for kind in kinds]
    truth = dict(TRUTH, categories=kinds, annotations=entries)
    assert len(persons_in(BoxFile(write(tmp_path / 'a.json', truth)), 'b/y.jpg').boxes) == 2


def test_ground_truth_agrees_with_mmposes_data_set(coco_sample):
    from mmpose.datasets.datasets import CocoDataset

    path = coco_sample / 'test_coco.json'
    boxes = BoxFile(path)
    images = {image['id']: image for image in json.loads(path.read_text())['images']}
    for info in CocoDataset(ann_file=str(path), test_mode=True, data_mode='topdown'):
        record = images[info['img_id']]
        found, _ = boxes(frame(record['file_name'], record['height'], record['width']))
        expected = info['bbox'][0]
        expected = np.concatenate([expected[:2], expected[2:] - expected[:2]])
        assert np.isclose(found.boxes, expected, atol=1e-3).all(axis=1).any()


def test_detections_above_the_threshold_are_persons(tmp_path):
    path = write(tmp_path / 'detections.json', DETECTIONS)
    persons = persons_in(BoxFile(path, score_threshold=0.5), '000000000785.jpg')
    assert persons.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert np.allclose(persons.scores, [0.9, 0.5])
    uncut = persons_in(BoxFile(path), '000000000785.jpg').boxes[2]
    assert uncut.tolist() == [-9, 6, 900, 8]  # MMPose does not cut detections


def test_image_ids(tmp_path):
    truth = BoxFile(write(tmp_path / 'truth.json', TRUTH))
    assert truth.image_id('a/x.jpg') == 7
    assert truth.image_id('data/b/x.jpg') == 8
    assert truth.image_id('y.jpg') == 9
    assert truth.image_id('x.jpg') is None  # which of the two?
    assert truth.image_id('c/y.jpg') is None
    detections = write(tmp_path / 'detections.json', DETECTIONS)
    assert BoxFile(detections).image_id('val/000000000785.jpg') == 785
    assert BoxFile(detections).image_id('street.jpg') is None
    images = write(tmp_path / 'images.json', [dict(id=785, file_name='street.jpg')])
    assert BoxFile(detections, image_names=images).image_id('street.jpg') == 785
    ours = write(tmp_path / 'ours.json', [DETECTIONS[0] | dict(image_id=9)])
    assert BoxFile(ours, image_names=tmp_path / 'truth.json').image_id('y.jpg') == 9


def test_boxes_of_an_image_are_those_with_its_id(tmp_path):
    entries = [DETECTIONS[0] | dict(image_id=9), DETECTIONS[1] | dict(image_id=7)]
    boxes = BoxFile(
        write(tmp_path / 'detections.json', entries),
        image_names=write(tmp_path / 'truth.json', TRUTH),
    )
    assert persons_in(boxes, 'y.jpg').boxes.tolist() == [[1, 2, 3, 4]]
    assert persons_in(boxes, 'a/x.jpg').boxes.tolist() == [[5, 6, 7, 8]]
    assert persons_in(boxes, 'b/x.jpg').boxes.tolist() == []


@pytest.mark.parametrize('name', ['/data/set/a.jpg', '../../a.jpg', '/../a.jpg'])
def test_names_never_lead_out_of_the_folder(name, tmp_path):
    images = [dict(id=7, file_name=name), dict(id=8, file_name='/data/b.jpg')]
    entries = [annotation(7, [1, 2, 3, 4], category_id=1)]
    path = write(tmp_path / 'truth.json', dict(images=images, annotations=entries))
    (tmp_path / 'images').mkdir()
    (tmp_path / 'images/a.jpg').touch()
    pictures = BoxFile(path).pictures_in(tmp_path / 'images')
    assert pictures.names == ['a.jpg', 'data/b.jpg']
    assert BoxFile(path).image_id('a.jpg') == 7


def test_pictures_of_a_folder(tmp_path):
    boxes = BoxFile(write(tmp_path / 'truth.json', TRUTH))
    (tmp_path / 'b').mkdir()
    for name in ('b/x.jpg', 'b/y.jpg'):
        (tmp_path / name).touch()
    # a missing one is kept, to be reported
    assert boxes.pictures_in(tmp_path).names == ['a/x.jpg', 'b/x.jpg', 'b/y.jpg']
    assert 'y.jpg' in boxes.pictures_in(tmp_path / 'b').names  # inside one of its folders
    for folder in ('a', 'nowhere'):
        with pytest.raises(InputError, match=r'None of the 3 pictures of .*, e.g. a/x.jpg'):
            boxes.pictures_in(tmp_path / folder)
    assert BoxFile(write(tmp_path / 'd.json', DETECTIONS)).pictures_in(tmp_path) is None


@pytest.mark.parametrize(
    'bbox',
    [
        *([1, 2, 3], [1, 2, 3, 4, 5], None, 3, 'abcd', '1234', [1, 2, None, 4], [1, 2, True, 4]),
        *([[1, 2, 3, 4]], {'1': 1, '2': 2, '3': 3, '4': 4}, [1, 2, '3', 4], [1, 2, 1e38, 4]),
        *([1, 2, float('inf'), 4], [1, 2, 10**400, 4]),
    ],
    ids=reprlib.repr,
)
def test_malformed_boxes_are_told_and_the_others_kept(bbox, tmp_path):
    expected = [f'the box {reprlib.repr(bbox)} is not four numbers x,y,w,h']
    detections = [DETECTIONS[0], DETECTIONS[1] | dict(bbox=bbox), DETECTIONS[2]]
    persons, complaints = BoxFile(write(tmp_path / 'd.json', detections))(frame('785.jpg'))
    assert persons.boxes.tolist() == [[1, 2, 3, 4], [-9, 6, 900, 8]]
    assert np.allclose(persons.scores, [0.9, 0.49])
    assert complaints == expected
    truth = TRUTH | dict(annotations=[annotation(9, bbox), *TRUTH['annotations']])
    persons, complaints = BoxFile(write(tmp_path / 't.json', truth))(frame('b/y.jpg'))
    assert persons.boxes.tolist() == [[4, 4, 4, 4]]
    assert complaints == expected


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('text', 'no file of person boxes'),
        (3, 'no file of person boxes'),
        ({}, 'no list of annotations'),
        (dict(annotations=[]), 'no list of images'),
        ([], 'has no box that can be used. It lists 0 detections.'),
        ([1, dict(image_id=None)], 'It lists 2 detections: 2 without an image_id that a picture'),
        ([dict(image_id=1, bbox=[1, 2, 3, 4])], '1 with a box, score or category_id that is not'),
        (
            [
                DETECTIONS[3],
                DETECTIONS[0] | dict(bbox=[1e38, 0, 1, 1]),
                DETECTIONS[0] | dict(score=0.1),
                DETECTIONS[0] | dict(image_id='street'),
                DETECTIONS[0] | dict(score=0.2),
            ],
            'It lists 5 detections: 1 of another category than 1 (person), 1 with a box, score or '
            'category_id that is not of numbers, 2 with a score below 0.3, 1 without an image_id',
        ),
        (TRUTH | dict(annotations=[]), 'It lists 0 annotations.'),
        (
            TRUTH | dict(annotations=[*TRUTH['annotations'][2:5], annotation(77, [1, 2, 3, 4])]),
            'It lists 4 annotations: 2 of a crowd or without labelled keypoints, '
            '1 of another category than 4 (person), 1 of an image that is not listed.',
        ),
    ],
)
def test_files_without_a_box_say_why(content, message, tmp_path):
    with pytest.raises(InputError, match=re.escape(message)):
        BoxFile(write(tmp_path / 'boxes.json', content), 0.3)


def test_entries_without_a_picture_are_told_with_the_file_and_the_others_kept(tmp_path):
    ids = ['street', None, [1], True, 7.5, 10**30, float('nan')]
    entries = [DETECTIONS[0] | dict(image_id=image_id) for image_id in ids]
    boxes = BoxFile(write(tmp_path / 'd.json', [DETECTIONS[0], *entries, 'x']))
    assert boxes.complaints == [
        '8 of its 9 detections without an image_id that a picture can have, the first is number 1'
    ]
    assert len(persons_in(boxes, '785.jpg').boxes) == 1
    truth = TRUTH | dict(annotations=[*TRUTH['annotations'], annotation(77, [1, 2, 3, 4])])
    truth_path = write(tmp_path / 't.json', truth)
    assert BoxFile(truth_path).complaints == [
        '1 of its 7 annotations of an image that is not listed, the first is number 6'
    ]
    # detections may be of more images than those that are asked for
    several = write(tmp_path / 's.json', [DETECTIONS[0], DETECTIONS[0] | dict(image_id=9)])
    assert BoxFile(several, image_names=truth_path).complaints == []


def test_text_ids_belong_to_images_that_have_such(tmp_path):
    path = write(tmp_path / 'd.json', [DETECTIONS[0] | dict(image_id='street')])
    names = write(tmp_path / 'i.json', [dict(id='street', file_name='a.jpg')])
    assert len(persons_in(BoxFile(path, image_names=names), 'a.jpg').boxes) == 1


def test_pictures_of_which_the_file_says_nothing(tmp_path):
    boxes = BoxFile(write(tmp_path / 'd.json', DETECTIONS))
    boxes.check_pictures(['nobody.jpg', '000785.jpg'])
    for name, image_id in (('000786.jpg', '786'), ('street.jpg', 'not known')):
        message = f'none of the 1 pictures .* the id of {name} is {image_id}, ids .* e.g. .785'
        with pytest.raises(InputError, match=message):
            boxes.check_pictures([name])
    BoxFile(write(tmp_path / 't.json', TRUTH)).check_pictures(['b/x.jpg'])  # nobody in it


def test_category_that_is_no_number_is_told(tmp_path):
    entries = [DETECTIONS[0], DETECTIONS[1] | dict(category_id=None)]
    persons, complaints = BoxFile(write(tmp_path / 'd.json', entries))(frame('785.jpg'))
    assert len(persons.boxes) == 1
    assert complaints == ['the category_id None of a box is not a number']


def test_names_with_very_many_folders_cost_little(tmp_path):
    images = [dict(id=7, file_name='a/' * 2000 + 'b.jpg')]
    truth = dict(images=images, annotations=[annotation(7, [1, 2, 3, 4], category_id=1)])
    boxes = BoxFile(write(tmp_path / 't.json', truth))
    assert boxes.image_id('a/b.jpg') == 7
    images[0]['file_name'] *= 2
    with pytest.raises(InputError, match='number 0 of its images has the id 7 and the file_name'):
        BoxFile(write(tmp_path / 't.json', truth))


@pytest.mark.parametrize('twin', [dict(id=7, file_name='c.jpg'), dict(id=70, file_name='a/x.jpg')])
def test_images_need_ids_and_names_of_their_own(twin, tmp_path):
    truth = TRUTH | dict(images=[*TRUTH['images'], twin])
    with pytest.raises(InputError, match=r'has 4 images, but . names and . ids of them'):
        BoxFile(write(tmp_path / 'truth.json', truth))


@pytest.mark.parametrize('image_id', [785, 785.0, '785', '000000000785'])
def test_ids_as_programs_write_them(image_id, tmp_path):
    boxes = BoxFile(write(tmp_path / 'd.json', [DETECTIONS[0] | dict(image_id=image_id)]))
    assert persons_in(boxes, '000000000785.jpg').boxes.tolist() == [[1, 2, 3, 4]]


def test_ids_and_categories_of_another_kind_are_named(tmp_path):
    truth = dict(annotations=[], images=[dict(id=[1], file_name='a.jpg')])
    for content, message in (
        (truth, r'number 0 of its images has the id \[1\] and the file_name .*: the one must be'),
        (dict(truth, images=[dict(id=1, file_name=None)]), 'the file_name None'),
        (dict(truth, images=[dict(id=float('inf'), file_name='a.jpg')]), 'has the id inf'),
        (dict(truth, images=[], categories={'id': 1}), 'no list of categories'),
        (dict(truth, images=[], categories=['person']), 'of its categories has no "id"'),
    ):
        with pytest.raises(InputError, match=message):
            BoxFile(write(tmp_path / 'boxes.json', content))


@pytest.mark.parametrize('score', [float('inf'), float('nan'), 1e300, 'sure', None])
def test_scores_that_are_no_numbers_are_told(score, tmp_path):
    path = write(tmp_path / 'd.json', [DETECTIONS[0] | dict(score=score), DETECTIONS[1]])
    persons, complaints = BoxFile(path, score_threshold=0.3)(frame('785.jpg'))
    assert persons.boxes.tolist() == [[5, 6, 7, 8]]
    assert complaints == [f'the score {score!r} of the box [1.0, 2.0, 3.0, 4.0] is not a number']


@pytest.mark.parametrize('name', ['a' * 300 + '.jpg', 'a\0.jpg'])
def test_names_that_no_file_can_have_are_missing_pictures(name, tmp_path):
    (tmp_path / 'good.jpg').touch()
    images = [dict(id=1, file_name=name), dict(id=2, file_name='good.jpg')]
    truth = dict(images=images, annotations=[annotation(2, [1, 2, 3, 4], category_id=1)])
    write(tmp_path / 'boxes.json', truth)
    frames = list(BoxFile(tmp_path / 'boxes.json').pictures_in(tmp_path))
    assert [frame.name for frame in frames] == [name, 'good.jpg']
