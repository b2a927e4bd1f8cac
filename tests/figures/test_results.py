# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import pytest

from sdpose.errors import InputError
from sdpose.figures.results import read_results


def write(path, content):
    path.write_text(json.dumps(content))
    return path


def truth_of(count=17, **changes):
    image = dict(id=1, file_name='a.jpg', width=100, height=80)
    person = dict(
        id=5,
        image_id=1,
        category_id=1,
        bbox=[1, 2, 30, 40],
        keypoints=[5, 6, 2] * count,
        area=900,
        iscrowd=0,
    )
    categories = [dict(id=1, name='person')]
    return dict(images=[image], annotations=[person | changes], categories=categories)


def found_of(count=17, **changes):
    return [dict(image_id=1, keypoints=[5, 6, 0.9] * count, score=0.8) | changes]


@pytest.fixture
def read(tmp_path):
    def run(truth=None, found=None, metainfo='coco', **options):
        truth = write(tmp_path / 'truth.json', truth_of() if truth is None else truth)
        found = write(tmp_path / 'found.json', found_of() if found is None else found)
        return read_results(truth, Path(), found, metainfo, **options)

    return run


@pytest.mark.parametrize(
    ('metainfo', 'first', 'count', 'limbs'),
    [('coco', 'nose', 17, 19), ('crowdpose', 'left_shoulder', 14, 15)],
)
def test_what_is_known_of_the_keypoints(read, metainfo, first, count, limbs):
    results = read(truth_of(count), found_of(count), metainfo)
    info = results.metainfo
    assert (info['dataset_name'], info['num_keypoints']) == (metainfo, count)
    assert info['keypoint_id2name'][0] == first
    assert len(info['sigmas']) == count
    assert len(info['skeleton_links']) == limbs
    assert results.predictions == found_of(count)
    assert results.truth == truth_of(count)


@pytest.mark.parametrize(
    ('truth', 'found', 'message'),
    [
        ([], None, r'truth\.json is not an annotation file'),
        (truth_of(bbox=[float('nan')] * 4), None, r'truth\.json: annotation 0 .* its bbox \[nan'),
        (truth_of(14), None, r'it has 14 keypoints, not 17 \(is --metainfo the right one'),
        (truth_of(iscrowd=1), None, r'truth\.json: none of its 1 persons can be used'),
        (None, {}, r"found\.json has no predictions in COCO's format"),
        (None, found_of(14), r'found\.json: .* 14 keypoints, not 17 \(is --metainfo the right one'),
        (None, found_of(image_id=77), r'found\.json: prediction 0: its image_id 77 is not'),
    ],
)
def test_what_is_refused(read, truth, found, message):
    with pytest.raises(InputError, match=message):
        read(truth, found)


@pytest.mark.parametrize(
    ('count', 'metainfo', 'area', 'use_area'),
    [(17, 'coco', 9, True), (17, 'coco', 0, False), (14, 'crowdpose', 9, False)],
)
def test_area_is_read_if_all_have_it(count, metainfo, area, use_area, read):
    results = read(truth_of(count, area=area), found_of(count), metainfo)
    assert results.use_area is use_area
    assert results.is_crowdpose is (metainfo == 'crowdpose')


def test_broken_files(tmp_path):
    truth = write(tmp_path / 'truth.json', truth_of())
    (tmp_path / 'broken.json').write_text('{')
    for path, message in (('no.json', 'There is no file'), ('broken.json', r'broken\.json is not')):
        with pytest.raises(InputError, match=message):
            read_results(truth, Path(), tmp_path / path, 'coco')
        with pytest.raises(InputError, match=message):
            read_results(tmp_path / path, Path(), truth, 'coco')
