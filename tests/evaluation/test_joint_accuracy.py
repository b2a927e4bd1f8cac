# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from mmpose.evaluation.functional import keypoint_pck_accuracy

from sdpose.evaluation.joint_accuracy import joint_accuracy
from sdpose.evaluation.oks_matches import Match


def test_table_by_joint():
    rng = np.random.default_rng(0)
    truth, similarities = rng.uniform(0, 80, (20, 3, 2)), rng.uniform(0, 1, (20, 3))
    found, visible = truth + rng.normal(0, 9, truth.shape), rng.integers(0, 3, (20, 3)) * [1, 1, 0]
    labelled = visible > 0
    persons, predictions = (
        [dict(keypoints=one.ravel().tolist()) for one in np.dstack([points, visible])]
        for points in (truth, found)
    )
    more = dict(area=1600.0, bbox=[0, 0, 60, 80])
    matches = [Match(1.0, a | more, b) for a, b in zip(persons, predictions, strict=True)]
    types = np.where(labelled, 5, -1)
    of_all, a, b, c = joint_accuracy(matches, similarities, types, ['a', 'b', 'c'])
    for limit in (0.05, 0.2):
        given = found, truth, labelled, limit, np.full((20, 2), 80.0)
        expected, mean, _ = keypoint_pck_accuracy(*given)
        assert [row[f'PCK@{limit}'] for row in (of_all, a, b)] == [mean, *expected[:2]]
    distances = np.linalg.norm(found - truth, axis=-1)
    assert a['error (px)'] == pytest.approx(distances[labelled[:, 0], 0].mean())
    assert of_all['error / √area'] == pytest.approx(distances[labelled].mean() / 40)
    assert of_all['similarity'] == pytest.approx(similarities[labelled].mean())
    assert (of_all['miss'], of_all['good'], of_all['labelled']) == (1, 0, labelled.sum())
    assert c == dict.fromkeys(c) | dict(joint='c', labelled=0)
    nobody = joint_accuracy([], np.empty((0, 3)), np.empty((0, 3), int), ['a', 'b', 'c'])
    assert [row['miss'] for row in nobody] == [None] * 4
