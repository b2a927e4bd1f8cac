# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest

from sdpose.evaluation.oks_matches import joint_similarities, match_by_oks

SIGMAS = np.array([0.026, 0.05, 0.1])


def person(image_id, points, visible=(2, 2, 2), area=400.0, **more):
    keypoints = [value for point, v in zip(points, visible, strict=True) for value in (*point, v)]
    box = [10, 10, 40, 60]
    return dict(
        image_id=image_id,
        category_id=1,
        keypoints=keypoints,
        area=area,
        bbox=box,
        iscrowd=0,
        **more,
    )


def prediction(image_id, points, score=0.9, confidence=0.8):
    keypoints = [value for point in points for value in (*point, confidence)]
    return dict(image_id=image_id, category_id=1, keypoints=keypoints, score=score)


def moved(points, *offset):
    return np.add(points, offset).tolist()


POSE = [[20, 20], [30, 30], [40, 60]]
FAR = moved(POSE, 100, 0)


def expected_oks(offset, visible=(1, 1, 1), area=400.0):
    """The formula of COCO's evaluation page."""
    squares = offset**2 / (2 * area * (2 * SIGMAS) ** 2)
    return np.mean(np.exp(-squares)[np.array(visible) > 0])


def truth_of(*persons):
    images = [dict(id=i, file_name=f'{i}.png') for i in {p['image_id'] for p in persons}]
    return dict(images=sorted(images, key=lambda image: image['id']), annotations=list(persons))


def test_right_before_wrong():
    truth = truth_of(*(person(i, POSE) for i in (1, 2, 3)))
    offsets = {1: 3.0, 2: 0.0, 3: 30.0}
    predictions = [prediction(i, moved(POSE, x, 0)) for i, x in offsets.items()]
    matches, missed = match_by_oks(truth, predictions, SIGMAS)
    assert missed == 0
    assert [match.person['image_id'] for match in matches] == [2, 1, 3]
    expected = [expected_oks(offset) for offset in (0.0, 3.0, 30.0)]
    np.testing.assert_allclose([match.oks for match in matches], expected, rtol=1e-9, atol=1e-12)
    assert matches[0].oks == 1
    assert matches[2].prediction is predictions[2]


def test_each_prediction_belongs_to_one_person():
    truth = truth_of(person(1, POSE), person(1, FAR), person(1, moved(POSE, 200, 0)))
    nearly = moved(FAR, 0, 2)
    # the less sure one first: it is not the order of the scores that decides
    predictions = [prediction(1, nearly, score=0.2), prediction(1, POSE, score=0.9)]
    matches, missed = match_by_oks(truth, predictions, SIGMAS)
    assert missed == 1
    assert [m.person['keypoints'][:2] for m in matches] == [POSE[0], FAR[0]]
    assert [m.prediction['score'] for m in matches] == [0.9, 0.2]
    np.testing.assert_allclose([m.oks for m in matches], [1, expected_oks(2.0)], rtol=1e-9)


def test_labels_and_areas():
    truth = truth_of(
        person(1, POSE, visible=(2, 0, 1)),
        person(2, POSE, visible=(0, 0, 0)),
        dict(person(3, POSE), iscrowd=1),
    )
    predictions = [prediction(i, moved(POSE, 4, 0)) for i in (1, 2, 3)]
    (match,), missed = match_by_oks(truth, predictions, SIGMAS)
    assert missed == 0  # neither the unlabelled person nor the crowd counts
    assert match.oks == pytest.approx(expected_oks(4.0, visible=(1, 0, 1)))
    ((first, second, third),) = joint_similarities([match], SIGMAS)
    assert (first, third) == pytest.approx([expected_oks(4.0, v) for v in ((1, 0, 0), (0, 0, 1))])
    assert np.isnan(second)
    assert match_by_oks(truth, predictions, SIGMAS, min_keypoints=3) == ([], 0)

    (match,), _ = match_by_oks(truth, predictions, SIGMAS, use_area=False)
    by_box = expected_oks(4.0, visible=(1, 0, 1), area=0.53 * 40 * 60)
    assert match.oks == pytest.approx(by_box)
