# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The command on whole files; what it computes is tested with ``sdpose.evaluation``."""

import json
import shutil

import cv2
import pytest
from ap_cases import predictions_for
from mmpose.evaluation import CocoMetric

from conftest import assert_one_sentence, call_tool, change_json, run_tool
from sdpose.engine.metainfo import read_metainfo

ANALYSE = 'tools/analyse.py'
PICTURES = {'ap.png', 'joints.png', 'errors.png', 'calibration.png'}


@pytest.fixture(scope='module')
def files(toy_coco, tmp_path_factory):
    """Predictions and ground truth."""
    truth = toy_coco / 'annotations/person_keypoints_val2017.json'
    found = tmp_path_factory.mktemp('results') / 'a.keypoints.json'
    found.write_text(json.dumps(predictions_for(json.loads(truth.read_text()))))
    return found, truth


def test_an_area_is_missing(files, tmp_path):
    """As ``new_dataset.py`` and ``test.py --data``, it takes a part of all boxes instead."""
    rows = []
    for kept in (1, 0):
        truth = change_json(
            files[1],
            lambda t, n=kept: [p.pop('area') for p in t['annotations'][n:]],
            tmp_path / 'truth.json',
        )
        result = call_tool(ANALYSE, files[0], truth)
        assert result.returncode == 0, result.stderr
        rows.append(result.stdout)
    assert rows[0] == rows[1]


def test_numbers_are_those_of_the_metric(files, tmp_path):
    result = run_tool(ANALYSE, *files, '--out-dir', tmp_path / 'new')
    assert result.returncode == 0, result.stderr
    assert {path.name for path in (tmp_path / 'new').iterdir()} == PICTURES | {'analysis.json'}
    assert all(cv2.imread(str(tmp_path / 'new' / name)).std() > 10 for name in PICTURES)
    analysis = json.loads((tmp_path / 'new/analysis.json').read_text())
    metric = CocoMetric(ann_file=str(files[1]))
    metric.dataset_meta = read_metainfo('coco')
    shutil.copy(files[0], tmp_path / 'b.keypoints.json')
    expected = dict(metric._do_python_keypoint_eval(str(tmp_path / 'b')))
    rows = {row['persons'].split()[0]: row for row in analysis['ap'][:3]}
    for name, value in expected.items():
        measure, _, size = name.partition(' (')
        row = rows[dict(M='medium', L='large').get(size[:1], 'all')]
        assert row[measure] == value, name
    assert f'| all | {rows["all"]["number"]} | {expected["AP"]:.3f} |' in result.stdout
    types = [*analysis['joints'][0].values()][-6:]
    assert sum(types) == pytest.approx(1)


def test_one_keypoint_and_predictions_of_nobody(tmp_path):
    (tmp_path / 'own.py').write_text(
        "dataset_info = dict(dataset_name='own', keypoint_info={0: dict(name='$a|{')}, "
        'skeleton_info={}, joint_weights=[1.0], sigmas=[0.05])'
    )
    person = dict(id=1, image_id=1, category_id=1, keypoints=[5, 5, 2], bbox=[0, 0, 9, 9])
    image = dict(id=1, file_name='a.jpg', width=99, height=99)
    truth, found = tmp_path / 'truth.json', tmp_path / 'found.json'
    truth.write_text(
        json.dumps(dict(images=[image], annotations=[person], categories=[dict(id=1)]))
    )
    for point, ap in ((5, '1.000'), (90, '0.000')):
        found.write_text(json.dumps([dict(person, keypoints=[point, point, 2.0], score=3)]))
        options = ('--metainfo', tmp_path / 'own.py', '--out-dir', tmp_path / 'out')
        result = call_tool(ANALYSE, found, truth, *options)
        assert result.returncode == 0, result.stderr
        assert f'| all | 1 | {ap} |' in result.stdout
        assert r'| $a\|{ |' in result.stdout


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda p: p[1].pop('category_id'), 'prediction 1: it has no category_id'),
        (lambda p: p[1].update(category_id=7), 'its category_id 7 is not the id of one of the'),
        (lambda p: p[1].update(bbox=[1, 2]), 'its bbox [1, 2] is not four finite numbers'),
    ],
)
def test_wrong_predictions(files, tmp_path, change, message):
    found = change_json(files[0], change, tmp_path / 'a.json')
    assert_one_sentence(call_tool(ANALYSE, found, files[1]), message)


def test_wrong_files(files, tmp_path):
    found, truth = files
    assert_one_sentence(call_tool(ANALYSE, truth, found), 'has predictions and', 'swap them')
    result = call_tool(ANALYSE, found, truth, '--metainfo', 'crowdpose')
    assert_one_sentence(result, 'is --metainfo the right one?')
    other = tmp_path / 'other.json'
    change_json(truth, lambda t: t['categories'][0]['keypoints'].reverse(), other)
    assert_one_sentence(call_tool(ANALYSE, found, other), 'its keypoint 0 is right_ankle')
    result = call_tool(ANALYSE, found, truth, '--out-dir', found)
    assert_one_sentence(result, 'cannot be written')
