# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.figures.results import keypoints_of, read_results


def write(path, content):
    path.write_text(json.dumps(content))
    return path


@pytest.fixture
def truth(tmp_path):
    return write(tmp_path / 'truth.json', dict(images=[], annotations=[]))


@pytest.mark.parametrize(
    ('metainfo', 'first', 'count', 'limbs'),
    [('coco', 'nose', 17, 19), ('crowdpose', 'left_shoulder', 14, 15)],
)
def test_what_is_known_of_the_keypoints(truth, tmp_path, metainfo, first, count, limbs):
    found = write(tmp_path / 'found.json', [])
    info = read_results(truth, Path(), found, metainfo).metainfo
    assert (info['dataset_name'], info['num_keypoints']) == (metainfo, count)
    assert info['keypoint_id2name'][0] == first
    assert len(info['sigmas']) == count
    assert len(info['skeleton_links']) == limbs


def test_files_that_are_something_else(truth, tmp_path):
    def fails(message, annotations, predictions):
        with pytest.raises(InputError, match=message):
            read_results(annotations, Path(), predictions, 'coco')

    found = write(tmp_path / 'found.json', [dict(image_id=1)])
    fails(r'found\.json has no annotations in COCO', found, found)
    fails(r'truth\.json has no predictions in COCO', truth, truth)
    fails('no predictions in COCO', truth, write(tmp_path / 'numbers.json', [1]))
    fails('no predictions in COCO', truth, write(tmp_path / 'strangers.json', [{}]))
    fails('There is no file', truth, tmp_path / 'no.json')
    (tmp_path / 'broken.json').write_text('{')
    fails(r'broken\.json is not JSON', truth, tmp_path / 'broken.json')


def test_keypoints_of_persons():
    persons = [dict(keypoints=[*range(6)]), dict(keypoints=[*range(6, 12)])]
    found = keypoints_of(persons, 2)
    np.testing.assert_array_equal(found, np.arange(12).reshape(2, 2, 3))
    assert keypoints_of([], 2).shape == (0, 2, 3)
    for wrong in ([*persons, dict(keypoints=[1, 2, 3])], [{}]):
        with pytest.raises(InputError, match='not 2 keypoints: is --metainfo the right one'):
            keypoints_of(wrong, 2)
