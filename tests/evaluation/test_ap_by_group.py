# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The evaluation's own numbers; what those are is tested in ``test_coco_evaluation.py``."""

import json

import numpy as np
import pytest
from ap_cases import drawn, predictions_for, sigmas_for

from conftest import GOLDEN
from sdpose.evaluation.ap_by_group import CROWDING, ap_by_group

NUMBERS = json.loads((GOLDEN / 'ap.json').read_text())['drawn']
TRUTH = drawn()


def rows_of(found, use_area=True, truth=TRUTH):
    rows = ap_by_group(truth, found, sigmas_for('keypoints', truth), use_area, not use_area)
    return {row.pop('persons'): row for row in rows}


@pytest.mark.parametrize('mode', ['keypoints', 'keypoints_crowd'])
def test_numbers_are_those_of_xtcocotools(mode):
    found, rows = predictions_for(TRUTH), rows_of(predictions_for(TRUTH), mode == 'keypoints')
    ap, ap_50, ap_75, *others = NUMBERS[mode]
    row = rows['all']
    assert [row['AP'], row['AP .5'], row['AP .75']] == pytest.approx([ap, ap_50, ap_75], abs=1e-9)
    if mode == 'keypoints':
        sizes = rows['medium (area 32² to 96²)'], rows['large (96² and more)']
        of_size = [size[name] for name in ('AP', 'AR') for size in sizes]
        of_all = [row['AR'], row['AR .5'], row['AR .75']]
        assert [*of_size[:2], *of_all, *of_size[2:]] == pytest.approx(others, abs=1e-9)
    else:
        crowding = [row['AP'] for name, row in rows.items() if name in CROWDING]
        assert [row['AR'], row['AR .5'], row['AR .75'], *crowding] == pytest.approx(
            others, abs=1e-9
        )
    assert 'area' not in found[0]  # what is given is left as it is


def test_persons_of_other_groups_are_ignored():
    persons = [p for p in TRUTH['annotations'] if any(p['keypoints'][2::3]) and not p['iscrowd']]
    found = []
    for person in persons:
        points = np.reshape(person['keypoints'], (-1, 3))
        if (points[:, 2] > 0).sum() in range(5, 9):  # for an OKS of 0.2 to 0.9
            points[:, 0] += 0.14 * person['area'] ** 0.5
        points[:, 2] = 0.5
        found.append(dict(person, keypoints=points.ravel().tolist(), score=person['id'] % 7 / 7))
    rows = rows_of(found, truth=dict(TRUTH, annotations=persons))
    assert 0 < rows['5 to 8 keypoints']['AP'] < 0.5
    assert rows['9 to 12 keypoints']['AP'] == rows['13 to 17 keypoints']['AP'] == pytest.approx(1)
    numbers = [row['number'] for name, row in rows.items() if 'keypoint' in name]
    assert sum(numbers) == rows['all']['number']


def test_boxes_are_read_if_all_have_one():
    found = predictions_for(TRUTH)
    assert rows_of([dict(found[0], bbox=[0, 0, 9, 9]), *found[1:]]) == rows_of(found)
    assert rows_of([dict(entry, bbox=[0, 0, 9, 9]) for entry in found]) != rows_of(found)


@pytest.mark.parametrize('count', [1, 2, 133])
def test_any_number_of_keypoints(count):
    points = np.tile([5.0, 5.0, 2.0], count).tolist()
    person = dict(image_id=1, category_id=1, keypoints=points, bbox=[0, 0, 9, 9])
    truth = dict(images=[dict(id=1)], annotations=[dict(person, id=1)], categories=[dict(id=1)])
    rows = ap_by_group(truth, [dict(person, score=1.0)], np.full(count, 0.05), True, False)
    assert rows[0]['AP'] == rows[-1]['AP'] == pytest.approx(1)
    assert rows[-1]['persons'].endswith(f'to {count} keypoints')
