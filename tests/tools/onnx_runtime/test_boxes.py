# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import pytest

from onnx_runtime.boxes import BoxFile, PersonBox, parse_box
from onnx_runtime.errors import InputError


def test_command_line():
    assert parse_box('1,2.5,30,40') == PersonBox((1, 2.5, 30, 40), 1)
    for text in ('1,2,3', '1,2,3,four', '1,2,0,4', '1,2,3,-4'):
        with pytest.raises(InputError, match=f'The box {text} is not'):
            parse_box(text)


def test_detections_are_found_by_the_number_in_the_name(tmp_path):
    entries = [
        dict(image_id=785, category_id=1, bbox=[1, 2, 3, 4], score=0.9),
        dict(image_id=785, category_id=1, bbox=[5, 6, 7, 8], score=0.1),
        dict(image_id=785, category_id=18, bbox=[5, 6, 7, 8], score=0.9),  # a dog
    ]
    (tmp_path / 'boxes.json').write_text(json.dumps(entries))
    boxes = BoxFile(tmp_path / 'boxes.json', threshold=0.5)
    assert boxes(Path('folder/000000000785.jpg')) == [PersonBox((1, 2, 3, 4), 0.9)]
    assert boxes(Path('786.jpg')) == boxes(Path('name.jpg')) == []


def test_ground_truth_is_found_by_name(tmp_path):
    content = dict(
        images=[dict(id=3, file_name='val/b.jpg')],
        annotations=[
            dict(image_id=3, bbox=[1, 2, 3, 4]),
            dict(image_id=3, bbox=[1, 2, 300, 400], iscrowd=1),
        ],
    )
    (tmp_path / 'truth.json').write_text(json.dumps(content))
    boxes = BoxFile(tmp_path / 'truth.json')
    assert boxes(Path('elsewhere/b.jpg')) == [PersonBox((1, 2, 3, 4))]
    assert boxes.image_id(Path('b.jpg')) == 3
    assert boxes.image_id(Path('3.jpg')) is None


@pytest.mark.parametrize('text', ['{}', '3', '[{"image_id": 1}]', '[{"image_id": 1, "bbox": [1]}]'])
def test_other_json_is_refused(text, tmp_path):
    (tmp_path / 'boxes.json').write_text(text)
    with pytest.raises(InputError, match='has no person boxes in COCO format'):
        BoxFile(tmp_path / 'boxes.json')


def test_broken_and_missing_files_are_refused(tmp_path):
    (tmp_path / 'boxes.json').write_text('[')
    with pytest.raises(InputError, match='is not JSON'):
        BoxFile(tmp_path / 'boxes.json')
    with pytest.raises(InputError, match='There is no file'):
        BoxFile(tmp_path / 'nowhere.json')
