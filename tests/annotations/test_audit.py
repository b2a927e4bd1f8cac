# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import math

import cv2
import numpy as np
import pytest

from sdpose.annotations.audit import Audit
from sdpose.errors import InputError

NAMES = ['nose', 'left_wrist', 'right_wrist']
GOOD = [30, 20, 2, 20, 50, 1, 0, 0, 0]


@pytest.fixture
def audit(tmp_path):
    """Make a clean data set of three persons, change it, and return what is found."""
    images = [dict(id=i, file_name=f'é {i}.png', width=100, height=80) for i in range(3)]
    person = dict(category_id=1, bbox=[10, 10, 40, 60], keypoints=GOOD, num_keypoints=2, area=9)
    persons = [dict(person, id=10 + i, image_id=i, keypoints=[*GOOD]) for i in range(3)]
    category = dict(id=1, name='person', keypoints=NAMES, skeleton=[[1, 2], [1, 3]])
    content = dict(images=images, annotations=persons, categories=[category])
    for i in range(3):
        cv2.imwrite(str(tmp_path / f'é {i}.png'), np.full((80, 100, 3), 60 * i, np.uint8))

    def check(change=lambda content: None, **options):
        change(content)
        (tmp_path / 'a.json').write_text(json.dumps(content))
        return Audit(tmp_path / 'a.json', tmp_path, **options)

    return check


def put(where='annotations', index=1, **values):
    return lambda content: content[where][index].update(values)


def put_first_keypoint(*values):
    return put(keypoints=[*values, *GOOD[3:]])


def drop(key, where='annotations', index=1):
    return lambda content: content[where][index].pop(key)


def repeat(where, **values):
    return lambda content: content[where].append(dict(content[where][1], **values))


def test_nothing(audit):
    found = audit()
    assert (found.findings, found.num_persons, len(found.images)) == ([], 3, 3)


@pytest.mark.parametrize(
    ('change', 'kind', 'words'),
    [
        (put(bbox=[1, 2]), 'annotation: bbox', '1 (id 11): its bbox [1, 2] is not four'),
        (put_first_keypoint(math.nan, 1, 2), 'annotation: keypoints', 'x of its keypoint 0, nan'),
        (put_first_keypoint(1, 1, 3), 'annotation: visibility', 'is not 0, 1 or 2'),
        (put(keypoints=GOOD[:6]), 'annotation: number of keypoints', '2 keypoints, not 3 as most'),
        (put(id=10), 'annotation: same id', 'annotation 0 has the same id'),
        (put(image_id=9), 'annotation: image_id', 'is not the id of one of the images'),
        (drop('width', 'images'), 'image: no width', 'image 1 (id 1): it has no width'),
        (put('images', width=99), 'picture: another size', 'is 100x80 pixels'),
        (put('images', file_name='x'), 'picture: missing or broken', 'image with id 1'),
        (lambda c: c.update(annotations=[]), 'nobody to use', 'it has no persons'),
        (lambda c: c['annotations'].append(7), 'annotation: no object', '7 is not an object'),
    ],
)
def test_errors(audit, change, kind, words):
    (found,) = [finding for finding in audit(change).findings if finding.is_error]
    assert (found.kind, found.count) == (kind, 1)
    assert words in found.records[0].text


@pytest.mark.parametrize(
    ('change', 'kind', 'words'),
    [
        (put(iscrowd=1), 'unused person marked as a crowd', 'annotation 11 (image 1)'),
        (drop('bbox'), 'unused person without a box', 'annotation 11'),
        (put(bbox=[9, 9, 40, 0]), 'unused person with a box without width or height', 'not used'),
        (put(bbox=[-5, 10, 40, 60]), 'box partly outside the picture', 'by 5 pixels'),
        (drop('area'), 'without area: COCO has no AP for medium', 'annotation 11'),
        (put(area=0), 'area of 0', 'annotation 11'),
        (put(num_keypoints=3), 'num_keypoints that disagrees', 'is 3, but 2 are labelled'),
        (put_first_keypoint(30, -4, 2), 'labelled keypoint outside the pict', 'nose by 4 pixels'),
        (put_first_keypoint(90, 20, 2), 'labelled keypoint far outside', 'nose by 0.667 of its'),
        (repeat('annotations', id=7), 'person that may be', '7 (image 1): its keypoints are near'),
        (drop('keypoints', 'categories', 0), 'keypoints without names', '0 different names of 3'),
        (put('categories', 0, keypoints=['a'] * 3), 'keypoints without names', '1 different names'),
        (drop('skeleton', 'categories', 0), 'keypoints without a skeleton', 'no list of links'),
        (put('categories', 0, skeleton=[[0, 1]]), 'keypoints without a sk', 'two of 1 to 3'),
        (put('categories', 0, skeleton=[[1, 1]]), 'keypoints without a sk', 'two of 1 to 3'),
        (repeat('images', id=5), 'picture twice in the', '5 (é 1.png) is image 1 (é 1.png) again'),
        (repeat('images', id=5, file_name='x'), 'picture: missing or broken, of no u', 'with id 5'),
        (
            lambda c: [person['keypoints'].__setitem__(5, 2) for person in c['annotations']],
            'v = 1 (labelled, but hidden) never occurs',
            'the whole file',
        ),
    ],
)
def test_warnings(audit, change, kind, words):
    (found,) = audit(change).findings
    assert found.kind.startswith(kind)
    assert (found.is_error, found.count) == (False, 1)
    assert words in found.records[0].text


def test_it_goes_on_and_the_worst_come_first(audit):
    def change(content):
        for index, x in ((0, 130), (2, 160)):
            put(index=index, keypoints=[x, 20, 2, *GOOD[3:]])(content)
        put(bbox=None)(content)
        put('images', 0, file_name='gone')(content)

    findings = audit(change, show=1).findings
    assert [finding.is_error for finding in findings] == [True, True, False, False]
    assert (findings[2].kind, findings[2].count) == ('labelled keypoint outside the picture', 2)
    (record,) = findings[2].records
    assert record.text == 'annotation 12 (image 2): nose by 60 pixels'


def test_a_picture_that_was_cut_off(audit, tmp_path):
    path = tmp_path / 'é 1.png'
    path.write_bytes(path.read_bytes()[:-30])
    (finding,) = audit().findings
    assert (finding.kind, finding.is_error) == ('picture: missing or broken', True)
    assert 'image with id 1' in finding.records[0].text


def test_toy_data_are_clean(toy_coco):
    path = toy_coco / 'annotations/person_keypoints_train2017.json'
    findings = Audit(path, toy_coco / 'train2017').findings
    assert {finding.kind for finding in findings} <= {'unused person without labelled keypoints'}


def test_shared_pictures(audit, tmp_path):
    other = tmp_path / 'b.json'
    image = dict(id=7, file_name='é 2.png', width=100, height=80)
    other.write_text(json.dumps(dict(images=[image])))
    (finding,) = audit(other=(other, tmp_path)).findings
    assert finding.records[0].text == 'image 2 (é 2.png) is image 7 (é 2.png) of the other'
    with pytest.raises(InputError, match='There is no image folder'):
        audit(other=(other, tmp_path / 'none'))
    other.write_text(json.dumps(dict(images=[dict(image, file_name='none')])))
    with pytest.raises(InputError, match='image with id 7 is missing or broken'):
        audit(other=(other, tmp_path))
