# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os

import pytest

from sdpose.annotations.coco_json import read_coco_json
from sdpose.errors import InputError


def test_what_pycocotools_reads_is_read(tmp_path):
    path = tmp_path / 'ann.json'
    path.write_text('{"name": "Jörg", "nothing": NaN}', encoding='utf-8')
    assert read_coco_json(path, 'file of annotations')['name'] == 'Jörg'


@pytest.mark.parametrize(
    ('data', 'message'),
    [
        (b'', 'is not a file of annotations: it is empty'),
        ('{}'.encode('utf-8-sig'), 'begins with a byte order mark.*Save it as UTF-8 without'),
        ('{}'.encode('utf-16'), 'is written in UTF-16'),
        ('{"a": 1}'.encode('utf-16-le'), 'is written in UTF-16-LE'),
        ('{}'.encode('utf-32-be'), 'is written in UTF-32-BE'),
        (b'{"a": "\xe4"}', "is not JSON: 'utf-8' codec"),
        (b'{"images": [], "annotations": [{"id": 1', 'is not JSON'),
        (b'[' * 100_000, 'is not JSON'),
        (b'[' + b'9' * 5000 + b']', 'is not JSON'),
        (b'\x00\x00\x00\x00', 'UTF|not JSON'),
    ],
)
def test_what_is_refused(tmp_path, data, message):
    path = tmp_path / 'ann.json'
    path.write_bytes(data)
    with pytest.raises(InputError, match=message):
        read_coco_json(path, 'file of annotations')


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    for name, message in (('pipe', 'is a pipe'), ('.', 'is a folder'), ('no', 'There is no')):
        with pytest.raises(InputError, match=message):
            read_coco_json(tmp_path / name, 'file of annotations')
