# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from sdpose import InputError
from sdpose.apis.box_file import BoxFile
from sdpose.apis.frames import Frame


def frame(name, height=100, width=200):
    return Frame(np.zeros((height, width, 3), np.uint8), name, 0)


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def annotation(image_id, bbox, **more):
    return dict(image_id=image_id, bbox=bbox, category_id=1, num_keypoints=5, iscrowd=0, **more)


TRUTH = dict(
    images=[
        dict(id=7, file_name='a/x.jpg'),
        dict(id=8, file_name='b/x.jpg'),
        dict(id=9, file_name='b/y.jpg'),
    ],
    annotations=[
        annotation(7, [10, 20, 30, 40]),
        annotation(7, [-10, 50, 500, 60]),
        annotation(8, [1, 1, 1, 1]) | dict(iscrowd=1),
        annotation(8, [2, 2, 2, 2]) | dict(num_keypoints=0),
        annotation(8, [3, 3, 3, 3]) | dict(category_id=2),
        annotation(9, [4, 4, 4, 4]),
    ],
    categories=[dict(id=1, name='person'), dict(id=2, name='dog')],
)
DETECTIONS = [
    dict(image_id=785, category_id=1, bbox=[1, 2, 3, 4], score=0.9),
    dict(image_id=785, category_id=1, bbox=[5, 6, 7, 8], score=0.5),
    dict(image_id=785, category_id=1, bbox=[-9, 6, 900, 8], score=0.49),
    dict(image_id=785, category_id=3, bbox=[1, 1, 1, 1], score=0.9),
]


def test_ground_truth_gives_what_mmpose_tests(tmp_path):
    boxes = BoxFile(write(tmp_path / 'truth.json', TRUTH))
    persons = boxes(frame('a/x.jpg'))
    # the second is cut to 0..199 and 0..99, as in MMPose's data sets
    assert persons.boxes.tolist() == [[10, 20, 30, 40], [0, 50, 199, 49]]
    assert persons.scores.tolist() == [1, 1]
    assert len(boxes(frame('b/x.jpg')).boxes) == 0  # crowd, no keypoints, no person


def test_ground_truth_agrees_with_mmposes_data_set(coco_sample):
    from mmpose.datasets.datasets import CocoDataset

    path = coco_sample / 'test_coco.json'
    boxes = BoxFile(path)
    images = {image['id']: image for image in json.loads(path.read_text())['images']}
    for info in CocoDataset(ann_file=str(path), test_mode=True, data_mode='topdown'):
        record = images[info['img_id']]
        found = boxes(frame(record['file_name'], record['height'], record['width'])).boxes
        expected = info['bbox'][0]
        expected = np.concatenate([expected[:2], expected[2:] - expected[:2]])
        assert np.isclose(found, expected, atol=1e-3).all(axis=1).any()


def test_detections_above_the_threshold_are_persons(tmp_path):
    path = write(tmp_path / 'detections.json', DETECTIONS)
    persons = BoxFile(path, score_threshold=0.5)(frame('000000000785.jpg'))
    assert persons.boxes.tolist() == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert np.allclose(persons.scores, [0.9, 0.5])
    uncut = BoxFile(path)(frame('000000000785.jpg')).boxes[2]
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
    assert BoxFile(detections, image_names=tmp_path / 'truth.json').image_id('y.jpg') == 9


@pytest.mark.parametrize('name', ['/data/set/a.jpg', '../../a.jpg', '/../a.jpg'])
def test_names_never_lead_out_of_the_folder(name, tmp_path):
    images = [dict(id=7, file_name=name), dict(id=8, file_name='/data/b.jpg')]
    path = write(tmp_path / 'truth.json', dict(images=images, annotations=[]))
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
    assert boxes.pictures_in(tmp_path).names == ['a/x.jpg', 'b/x.jpg', 'b/y.jpg']
    assert 'y.jpg' in boxes.pictures_in(tmp_path / 'b').names  # inside one of its folders
    with pytest.raises(InputError, match=r'None of the 3 pictures of .*, e.g. a/x.jpg'):
        boxes.pictures_in(tmp_path / 'a')
    assert BoxFile(write(tmp_path / 'd.json', DETECTIONS)).pictures_in(tmp_path) is None


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('text', 'no file of person boxes'),
        ({}, 'no list of annotations'),
        (dict(annotations=[]), 'no list of images'),
        ([dict(image_id=1, bbox=[1, 2, 3, 4])], 'number 0 of its detections has no "score"'),
        ([1], 'number 0 of its detections has no "image_id"'),
        ([DETECTIONS[0] | dict(score='high')], 'entry 0 is no box of a person'),
    ],
)
def test_files_of_another_format(content, message, tmp_path):
    with pytest.raises(InputError, match=message):
        BoxFile(write(tmp_path / 'boxes.json', content))


@pytest.mark.parametrize('bbox', [[1, 2, 3], None, 'abcd'])
def test_box_that_is_none_names_its_image(bbox, tmp_path):
    path = write(tmp_path / 'boxes.json', [DETECTIONS[0] | dict(bbox=bbox)])
    with pytest.raises(InputError, match='image 785'):
        BoxFile(path)(frame('785.jpg'))
