# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The same file gives the same persons as tools/infer.py takes."""

import json
from pathlib import Path

import numpy as np
import pytest

from onnx_runtime.box_file import BoxFile
from onnx_runtime.errors import InputError
from sdpose.apis.box_file import BoxFile as ReferenceFile
from sdpose.apis.frames import Frame

IMAGE = np.zeros((100, 200, 3), dtype=np.uint8)
NAMES = ('a/x.jpg', 'deeper/a/x.jpg', 'b/x.jpg', 'x.jpg', 'y.jpg', '9.jpg', '000785.jpg', 'z.jpg')


def annotation(image_id, bbox, **more):
    return dict(image_id=image_id, bbox=bbox, category_id=4, num_keypoints=5, iscrowd=0) | more


TRUTH = dict(
    images=[
        dict(id=7, file_name='a/x.jpg'),
        dict(id=8, file_name='b/x.jpg'),
        dict(id=9, file_name='b/y.jpg'),
    ],
    annotations=[
        annotation(7, [10.3, 20.7, 30, 40]),
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
    dict(image_id=785, category_id=1, bbox=[-9, 6, 900, 8], score=0.3),
    dict(image_id=785, category_id=1, bbox=[5, 6, 7, 8], score=0.29),
    dict(image_id=785, category_id=3, bbox=[1, 1, 1, 1], score=0.9),
    dict(image_id=9, category_id=1, bbox=[1, 1, 2, 2], score=0.8),
]


def write(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize(
    ('content', 'names', 'number'),
    [(TRUTH, None, 4), (DETECTIONS, None, 3), (DETECTIONS, TRUTH, 1)],
)
def test_boxes_and_ids_are_those_of_infer(content, names, number, tmp_path):
    path = write(tmp_path / 'boxes.json', content)
    names = names and write(tmp_path / 'names.json', names)
    reference, found = ReferenceFile(path, 0.3, names), BoxFile(path, image_names=names)
    total = 0
    for name in NAMES:
        image_id = found.image_id(name)
        assert image_id == reference.image_id(name)
        expected = reference(Frame(IMAGE, name, 0))
        persons, complaints = found.boxes_of(image_id, IMAGE)
        np.testing.assert_array_equal(persons.boxes, expected.boxes)
        np.testing.assert_array_equal(persons.scores, expected.scores)
        assert complaints == []
        total += len(persons.boxes)
    assert total >= number


def test_malformed_boxes_are_told_and_the_others_kept(tmp_path):
    wrong = [[1, 2, 3], 'abcd', None, [1, 2, None, 4]]
    entries = [dict(image_id=785, bbox=box, score=0.9) for box in [*wrong, [1, 2, 3, 4]]]
    persons, complaints = BoxFile(write(tmp_path / 'boxes.json', entries)).boxes_of(785, IMAGE)
    assert persons.boxes.tolist() == [[1, 2, 3, 4]]
    assert len(complaints) == 4
    assert complaints[0] == 'the box [1, 2, 3] is not four numbers x,y,w,h'


def test_pictures_of_a_folder(tmp_path):
    (tmp_path / 'x.jpg').touch()
    images = [dict(id=i, file_name=name) for i, name in enumerate(['val/x.jpg', '/../y.jpg'])]
    content = dict(images=images, annotations=[])
    boxes = BoxFile(write(tmp_path / 'truth.json', content))
    # a missing one is kept, and none leads out of the folder
    assert [image.name for image in boxes.pictures_in(tmp_path)] == ['x.jpg', 'y.jpg']
    with pytest.raises(InputError, match='None of the 2 pictures of'):
        boxes.pictures_in(tmp_path / 'nowhere')
    assert BoxFile(write(tmp_path / 'd.json', DETECTIONS)).pictures_in(tmp_path) is None


@pytest.mark.parametrize('text', ['{}', '3', '[{"image_id": 1}]', '[{"image_id": 1, "bbox": [1]}]'])
def test_other_json_is_refused(text, tmp_path):
    (tmp_path / 'boxes.json').write_text(text)
    with pytest.raises(InputError, match=r'is no file of person boxes|has no "(bbox|score)"'):
        BoxFile(tmp_path / 'boxes.json')


def test_broken_and_missing_files_are_refused(tmp_path):
    (tmp_path / 'boxes.json').write_text('[')
    with pytest.raises(InputError, match='is not JSON'):
        BoxFile(tmp_path / 'boxes.json')
    with pytest.raises(InputError, match='There is no file'):
        BoxFile(Path(tmp_path / 'nowhere.json'))
