# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from visualize.predictions_by_oks import Match, crop_person, main, match_by_oks, pick

from sdpose import InputError

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
    assert match_by_oks(truth, predictions, SIGMAS, min_keypoints=3) == ([], 0)

    (match,), _ = match_by_oks(truth, predictions, SIGMAS, use_area=False)
    by_box = expected_oks(4.0, visible=(1, 0, 1), area=0.53 * 40 * 60)
    assert match.oks == pytest.approx(by_box)


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
    crop, points, others = crop_person(image, [90, 60, 60, 160], spots, spots[::-1])
    assert crop.shape == (256, 192, 3)
    assert np.array_equal(points, others[::-1])
    for x, y in points:
        assert crop[round(y), round(x)].min() > 250
    assert crop.any(-1).mean() < 0.02


@pytest.fixture
def perfect(toy_coco, tmp_path):
    """The ground truth as predictions, but for the person with the most keypoints."""
    annotations = toy_coco / 'annotations/person_keypoints_val2017.json'
    persons = [a for a in json.loads(annotations.read_text())['annotations'] if a['num_keypoints']]
    worst = max(persons, key=lambda a: a['num_keypoints'])
    results = []
    for a in persons:
        points = np.array(a['keypoints'], dtype=float).reshape(-1, 3)
        points[:, :2] += 500 if a is worst else 0
        points[:, 2] = 0.2 if a is worst else 0.9
        results.append(dict(a, keypoints=points.ravel().tolist(), score=0.5))
    path = tmp_path / 'predictions.json'
    path.write_text(json.dumps(results))
    return annotations, toy_coco / 'val2017', path


def test_table_and_figure(perfect, tmp_path, capsys):
    out = [tmp_path / 'a.png', tmp_path / 'b.png']
    for path in out:
        main([*map(str, [*perfect, path]), '--number', '2'])
    table = capsys.readouterr().out
    count = len(json.loads(perfect[2].read_text()))
    assert f'| right (OKS >= 0.5) | {count - 1} | 1.000 | 0.900 |' in table
    assert '| wrong (OKS < 0.5) | 1 | 0.000 | 0.200 |' in table
    assert out[0].read_bytes() == out[1].read_bytes()
    assert cv2.imread(str(out[0])).std() > 20


def test_wrong_input(perfect, tmp_path):
    annotations, images, predictions = perfect

    def fails(message, *options, predictions=predictions, images=images, out='a.png'):
        inputs = [annotations, images, predictions, tmp_path / out]
        with pytest.raises(InputError, match=message):
            main([*map(str, inputs), *options])

    def write(content):
        path = tmp_path / 'other.json'
        path.write_text(json.dumps(content))
        return path

    results = json.loads(predictions.read_text())
    fails('is --metainfo the right one', '--metainfo', 'crowdpose')
    fails('at least one person', '--number', '0')
    fails('no predictions in COCO', predictions=annotations)
    fails('prediction 0 has no keypoints', predictions=write([dict(image_id=1, score=1)]))
    fails('name no image 77', predictions=write([dict(results[0], image_id=77)]))
    fails('No person of .* has a prediction', predictions=write([]))
    fails('The image .* cannot be read', images=tmp_path)
    fails('must end in', out='a.webp')
