# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import numpy as np
import pytest

from sdpose.errors import InputError
from sdpose.evaluation.oks_matches import Match
from sdpose.figures.canvas import crop_person
from sdpose.figures.predictions_by_oks import draw_best_and_worst, joint_table, pick
from sdpose.figures.results import read_results


@pytest.mark.parametrize(
    ('count', 'best', 'worst'), [(7, [0, 1, 2], [6, 5, 4]), (3, [0, 1], [2]), (1, [0], [])]
)
def test_nobody_is_picked_twice(count, best, worst):
    matches = [Match(1 - i / 10, dict(i=i), {}) for i in range(count)]
    found = pick(matches, 3)
    assert [[match.person['i'] for match in part] for part in found] == [best, worst]


def test_crop_takes_the_keypoints_along():
    image = np.zeros((300, 400, 3), np.uint8)
    spots = np.array([[100.0, 80.0], [140.0, 200.0]])
    for x, y in spots.astype(int):
        image[y - 3 : y + 4, x - 3 : x + 4] = 255
    crop, points = crop_person(image, [90, 60, 60, 160], spots)
    assert crop.shape == (256, 192, 3)
    for x, y in points:
        assert crop[round(y), round(x)].min() > 250
    assert crop.any(-1).mean() < 0.02


@pytest.fixture(scope='module')
def perfect(toy_coco, tmp_path_factory):
    """The ground truth as predictions, but for the person with the most keypoints."""
    annotations = toy_coco / 'annotations/person_keypoints_val2017.json'
    persons = [a for a in json.loads(annotations.read_text())['annotations'] if a['num_keypoints']]
    worst = max(persons, key=lambda a: a['num_keypoints'])
    found = []
    for a in persons:
        points = np.array(a['keypoints'], dtype=float).reshape(-1, 3)
        points[:, :2] += 500 if a is worst else 0
        points[:, 2] = 0.2 if a is worst else 0.9
        found.append(dict(a, keypoints=points.ravel().tolist(), score=0.5))
    path = tmp_path_factory.mktemp('results') / 'predictions.json'
    path.write_text(json.dumps(found))
    return read_results(annotations, toy_coco / 'val2017', path, 'coco')


def test_table_and_figure(perfect):
    figure, table = draw_best_and_worst(perfect, number=2)
    count = len(perfect.predictions)
    assert f'| right (OKS >= 0.5) | {count - 1} | 1.000 | 0.900 |' in table
    assert '| wrong (OKS < 0.5) | 1 | 0.000 | 0.200 |' in table
    assert 'without a prediction' not in table
    titles = [axis.get_title().split('\n') for axis in figure.axes if axis.get_title()]
    assert titles[:2] == [['OKS 1.00: right', 'mean confidence 0.90']] * 2
    assert titles[2] == ['OKS 0.00: wrong', 'mean confidence 0.20']

    missed = perfect._replace(predictions=perfect.predictions[:-1])
    assert '| without a prediction | 1 |  |  |' in draw_best_and_worst(missed, number=1)[1]
    _, all_right = draw_best_and_worst(perfect, number=1, threshold=0)
    assert '| wrong (OKS < 0) | 0 |  |  |' in all_right


def test_left_and_right_share_a_row():
    names = ['nose', 'left_wrist', 'right_wrist', 'tail']
    confidences = [[0.9, 0.8, 0.6, 0.5], [0.7, 0.4, 0.2, 0.1]]
    found = [dict(keypoints=[x for each in of for x in (0, 0, each)]) for of in confidences]
    matches = [Match(0.0, {}, prediction) for prediction in found]
    similarities = np.array([[0.9, 0.5, 0.6, np.nan], [1.0, 0.3, np.nan, np.nan]])
    lines = joint_table(matches, similarities, names, threshold=0.5).splitlines()
    assert lines[0] == (
        '| joints | right (similarity >= 0.5) | mean confidence | wrong (< 0.5) | mean confidence |'
    )
    assert lines[2:] == [
        '| all | 4 | 0.750 | 1 | 0.400 |',  # 0.9, 0.8, 0.6, 0.7
        '| nose | 2 | 0.800 | 0 |  |',
        '| wrist | 2 | 0.700 | 1 | 0.400 |',
        '| tail | 0 |  | 0 |  |',
    ]


def marks(axis):
    """Ground truth of right joints, as rings, and of wrong ones, as crosses: (n, 2) each."""
    rings, _, crosses, _ = (np.asarray(marks.get_offsets()) for marks in axis.collections)
    return rings, crosses


def test_ground_truth_is_ringed(perfect):
    figure, _ = draw_best_and_worst(perfect, number=1)
    best = figure.axes[0]
    rings, crosses = marks(best)
    assert len(rings) > 0
    assert len(crosses) == 0
    assert ((rings >= 0) & (rings <= [192, 256])).all()
    assert best.get_xlim() == (-0.5, 191.5)


def test_wrong_joints_are_crossed(perfect):
    person = next(a for a in perfect.truth['annotations'] if a['num_keypoints'] > 2)
    truth = np.array(person['keypoints'], dtype=float).reshape(-1, 3)
    joints = np.flatnonzero(truth[:, 2])
    found = truth.copy()
    found[:, 2] = 0.9
    found[joints[0]] += (70, -5, -0.6)
    prediction = dict(image_id=person['image_id'], keypoints=found.ravel().tolist(), score=0.5)
    results = perfect._replace(predictions=[prediction])
    figure, tables = draw_best_and_worst(results, number=1)
    _, points = crop_person(np.zeros((9, 9, 3), np.uint8), person['bbox'], found[:, :2])
    _, expected = crop_person(np.zeros((9, 9, 3), np.uint8), person['bbox'], truth[:, :2])
    rings, crosses = marks(figure.axes[0])
    np.testing.assert_allclose(rings, expected[joints[1:]])
    np.testing.assert_allclose(crosses, expected[joints[:1]])
    link = figure.axes[0].lines[0].get_xydata()  # from where it was predicted
    np.testing.assert_allclose(link, [points[joints[0]], expected[joints[0]]])
    assert f'\n| all | {len(joints) - 1} | 0.900 | 1 | 0.300 |\n' in tables
    assert '| right (OKS >= 0.5) | 1 |' in tables  # the whole person is
    _, all_right = draw_best_and_worst(results, number=1, threshold=0)
    assert f'\n| all | {len(joints)} | 0.' in all_right


def test_what_cannot_be_drawn(perfect, tmp_path):
    def fails(message, number=1, **parts):
        with pytest.raises(InputError, match=message):
            draw_best_and_worst(perfect._replace(**parts), number)

    fails('at least one person', number=0)
    fails('no more than 400 fit a sheet', number=100_000)
    fails('No person of .* has a prediction', predictions=[])
    fails('cannot be read|no picture', images=tmp_path)
    with pytest.raises(InputError, match='--threshold nan: it must be a finite number'):
        draw_best_and_worst(perfect, threshold=float('nan'))
