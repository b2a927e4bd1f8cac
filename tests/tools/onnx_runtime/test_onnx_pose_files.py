# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest

from onnx_runtime.boxes import PersonBoxes
from onnx_runtime.errors import InputError
from onnx_runtime.images import ImageFile
from onnx_runtime.pose_files import PoseFiles, check_targets, coco_results, drawn_name
from sdpose.apis.image_poses import ImagePoses
from sdpose.apis.person_boxes import PersonBoxes as ReferenceBoxes

IMAGE = np.zeros((6, 8, 3), dtype=np.uint8)


def test_results_are_those_of_infer():
    generator = np.random.default_rng(0)
    keypoints = generator.uniform(0, 99, (3, 5, 2)).astype(np.float32)
    scores = generator.uniform(0, 1, (3, 5)).astype(np.float32)
    scores[0] = 0.1  # none counts
    boxes, confidence = generator.uniform(0, 99, (3, 4)), [0.5, 0.6, 0.7]
    persons = ReferenceBoxes.of(boxes, confidence)
    expected = ImagePoses(keypoints, scores, persons).to_coco(7)
    assert coco_results(7, PersonBoxes.of(boxes, confidence), keypoints, scores) == expected


def test_files_are_saved_before_the_end(tmp_path):
    files = PoseFiles(tmp_path / 'out')
    for number in range(50):
        assert json.loads(files.predictions.read_text()) == []
        files.add(number, f'{number}.jpg', IMAGE, [dict(score=0.5)])
    assert len(json.loads(files.predictions.read_text())) == 50
    record = json.loads((tmp_path / 'out/images.json').read_text())[7]
    assert record == dict(id=7, file_name='7.jpg', width=8, height=6)


def test_pictures_have_the_names_of_the_images(tmp_path):
    assert drawn_name('a/b.jpg') == 'a/b.jpg'
    assert (drawn_name('b.xyz'), drawn_name('b')) == ('b.xyz.png', 'b.png')
    files = PoseFiles(tmp_path)
    assert files.draw('a/b.xyz', IMAGE) is None
    assert cv2.imread(str(tmp_path / 'pictures/a/b.xyz.png')).shape == (6, 8, 3)
    too_wide = np.zeros((1, 20000, 3), dtype=np.uint8)
    assert files.draw('a.webp', too_wide) == 'OpenCV cannot write the drawn picture as .webp'


def test_inputs_are_not_replaced(tmp_path):
    (tmp_path / 'pictures').mkdir()
    picture, boxes = tmp_path / 'pictures/a.jpg', tmp_path / 'predictions.json'
    images = [ImageFile(picture, 'a.jpg')]
    check_targets(tmp_path, images, [boxes])  # neither is there
    boxes.touch()
    with pytest.raises(InputError, match=r'replace the input .*predictions.json'):
        check_targets(tmp_path, images, [boxes])
    picture.touch()
    with pytest.raises(InputError, match=r'replace the input .*a.jpg'):
        check_targets(tmp_path, images, [])


def test_unwritable_folders_are_one_sentence(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(InputError, match=r'predictions.json cannot be written: '):
        PoseFiles(tmp_path / 'file')
