# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.engine.metainfo import read_metainfo
from sdpose.evaluation.oks_matches import Match, joint_similarities, match_by_oks
from sdpose.figures.joint_similarity import joint_table

BOX = [10.0, 10.0, 40.0, 60.0]


def match_of(points, found, visible, confidence, area=400.0):
    person, prediction = (
        np.column_stack([of, last]).ravel().tolist()
        for of, last in ((points, visible), (found, confidence))
    )
    return Match(0.0, dict(keypoints=person, bbox=BOX, area=area), dict(keypoints=prediction))


def test_similarity_is_that_of_the_formula():
    sigmas = np.array([0.05, 0.1, 0.1])
    match = match_of(np.zeros((3, 2)), [[3, 4], [0, 2], [0, 0]], [2, 1, 0], [0.5] * 3)
    by_area = joint_similarities(match.person, match.prediction, sigmas)
    # d^2 = 25 and 4, s^2 = 400, k = 0.1 and 0.2
    np.testing.assert_allclose(by_area, [np.exp(-25 / 8), np.exp(-4 / 32), np.nan], rtol=1e-12)
    by_box = joint_similarities(match.person, match.prediction, sigmas, use_area=False)
    scale = 2 * 0.53 * 40 * 60
    expected = [np.exp(-25 / (scale * 0.01)), np.exp(-4 / (scale * 0.04)), np.nan]
    np.testing.assert_allclose(by_box, expected, rtol=1e-12)


@pytest.mark.parametrize('metainfo', ['coco', 'crowdpose'])
def test_their_mean_is_the_oks_of_the_evaluation(metainfo):
    info = read_metainfo(metainfo)
    count, use_area = info['num_keypoints'], metainfo == 'coco'
    rng = np.random.default_rng(0)
    persons, predictions = [], []
    for image_id in range(8):
        points = rng.uniform(0, 60, (count, 2))
        for last, spread, to in ((rng.integers(0, 3, count), 0, persons), (0.5, 5, predictions)):
            moved = points + rng.normal(0, 1, (count, 2)) * spread
            keypoints = np.column_stack([moved, np.broadcast_to(last, count)]).ravel().tolist()
            box = [5, 5, *rng.uniform(20, 90, 2)]
            entry = dict(image_id=image_id, keypoints=keypoints, score=0.5, bbox=box)
            to.append(dict(entry, area=rng.uniform(400, 4000)))
    truth = dict(images=[dict(id=image_id) for image_id in range(8)], annotations=persons)
    matches, _ = match_by_oks(truth, predictions, info['sigmas'], use_area)
    assert len(matches) == 8
    assert matches[0].oks - matches[-1].oks > 0.1
    for match in matches:
        similarities = joint_similarities(match.person, match.prediction, info['sigmas'], use_area)
        assert np.isnan(similarities).sum() == match.person['keypoints'][2::3].count(0)
        assert np.nanmean(similarities) == pytest.approx(match.oks, abs=1e-6)


def test_left_and_right_share_a_row():
    names = ['nose', 'left_wrist', 'right_wrist', 'tail']
    confidences = [[0.9, 0.8, 0.6, 0.5], [0.7, 0.4, 0.2, 0.1]]
    matches = [match_of(np.zeros((4, 2)), np.zeros((4, 2)), [2] * 4, of) for of in confidences]
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
