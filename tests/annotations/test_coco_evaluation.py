# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""AP and AR are those of xtcocotools, which no test needs."""

import json

import numpy as np
import pytest
from ap_cases import FILES, MODES_OF, SHARED, evaluate, truth_of

from conftest import GOLDEN
from sdpose.annotations.coco_evaluation import COCO, COCOeval

NUMBERS = json.loads((GOLDEN / 'ap.json').read_text())
CASES = [(name, mode) for name, modes in MODES_OF.items() for mode in modes]


@pytest.mark.parametrize(('name', 'mode'), CASES)
def test_numbers_are_those_of_xtcocotools(name, mode):
    if name in FILES and not (SHARED / FILES[name]).is_file():
        pytest.skip(f'there is no {SHARED / FILES[name]}')
    numbers = evaluate(name, mode, COCO, COCOeval)
    expected = NUMBERS[name][mode]
    assert len(numbers) >= len(expected)
    np.testing.assert_allclose(numbers[: len(expected)], expected, rtol=0, atol=1e-9)


def test_cases_are_worth_comparing():
    assert set(NUMBERS) == set(MODES_OF)
    for name, mode in CASES:
        assert 0.01 < NUMBERS[name][mode][0] < 0.99, (name, mode)


def test_the_ground_truth_is_left_as_it_was(tmp_path, capsys):
    truth = truth_of('drawn')
    (tmp_path / 'truth.json').write_text(json.dumps(truth))
    data = COCO(str(tmp_path / 'truth.json'))
    found = [dict(image_id=1, category_id=1, keypoints=[1.0] * 51, score=1.0)]
    evaluation = COCOeval(data, data.loadRes(found), 'keypoints', None, use_area=False)
    evaluation.evaluate()
    assert data.dataset == truth
    assert data.dataset['annotations'][0]['id'] == 0


def test_no_predictions_are_an_ap_of_0(tmp_path, capsys):
    (tmp_path / 'truth.json').write_text(json.dumps(truth_of('drawn')))
    data = COCO(str(tmp_path / 'truth.json'))
    for iou_type, use_area in (('keypoints', True), ('keypoints_crowd', False)):
        evaluation = COCOeval(data, data.loadRes([]), iou_type, np.full(17, 0.05), use_area)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
        assert evaluation.stats[0] == evaluation.stats[5] == 0
