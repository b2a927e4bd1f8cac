# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest

from conftest import assert_one_sentence, run_tool

TOOL = 'tools/visualize/contact_sheet.py'


@pytest.fixture
def predictions(toy_coco, tmp_path):
    """The ground truth as predictions."""
    truth = json.loads((toy_coco / 'annotations/person_keypoints_val2017.json').read_text())
    persons = [dict(a, score=0.9) for a in truth['annotations'] if a['num_keypoints']]
    path = tmp_path / 'predictions.json'
    path.write_text(json.dumps(persons))
    return path


def make_sheet(toy_coco, predictions, out, *options):
    annotations = toy_coco / 'annotations/person_keypoints_val2017.json'
    return run_tool(TOOL, annotations, toy_coco / 'val2017', predictions, out, *options)


def test_perfect_predictions_look_like_the_ground_truth(toy_coco, predictions, tmp_path):
    out = tmp_path / 'new' / 'sheet.png'
    result = make_sheet(toy_coco, predictions, out, '--number', 2)
    assert result.returncode == 0, result.stderr
    sheet = cv2.imread(str(out)).astype(float)
    quarter = sheet.shape[1] // 4
    truth, predicted = sheet[60:, :quarter], sheet[60:, quarter : 2 * quarter]  # below the titles
    assert truth.std() > 10
    assert np.abs(truth - predicted).mean() < 4

    weak = make_sheet(toy_coco, predictions, out, '--number', 2, '--min-score', 0.95)
    assert weak.returncode == 0, weak.stderr
    assert not np.array_equal(cv2.imread(str(out)), sheet)  # no person is left


def test_missing_and_broken_files(toy_coco, tmp_path):
    out = tmp_path / 'sheet.png'
    assert_one_sentence(make_sheet(toy_coco, tmp_path / 'no.json', out), 'no file', 'no.json')
    broken = tmp_path / 'broken.json'
    broken.write_text('{')
    assert_one_sentence(make_sheet(toy_coco, broken, out), 'broken.json is not JSON')
    assert not out.exists()
