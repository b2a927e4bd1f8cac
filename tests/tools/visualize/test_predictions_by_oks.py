# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json

import cv2
import numpy as np
import pytest
from visualize.predictions_by_oks import crop_person, main, pick

from sdpose import InputError
from sdpose.evaluation.oks_matches import Match


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
    fails('cannot be read', images=tmp_path)
    fails('must end in', out='a.webp')
