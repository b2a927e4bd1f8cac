# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
import shutil

from sdpose.annotations.data_set import check_data_set
from sdpose.annotations.use import Use


def test_everything_is_told(toy_coco, tmp_path):
    folder = tmp_path / 'toy'
    shutil.copytree(toy_coco, folder)
    path, pictures = folder / 'annotations/person_keypoints_val2017.json', folder / 'val2017'
    use = Use(17, evaluated=True, area=True)
    (report,) = check_data_set(path, pictures, use)
    assert report.problems == []
    assert report.total - sum(report.unused.values()) > 0

    gone, *_ = sorted(pictures.iterdir())
    gone.unlink()
    (report,) = check_data_set(path, pictures, use)
    (problem,) = report.problems
    assert problem.endswith(f'is missing or broken: There is no picture {gone}')

    content = json.loads(path.read_text())
    known = content['images'][0]['id']
    boxes = [dict(image_id=i, category_id=1, bbox=[1, 2, 3, 4], score=1) for i in (known, 0)]
    (tmp_path / 'boxes.json').write_text(json.dumps(boxes))
    for person in content['annotations'][:2]:
        person['bbox'] = None
    path.write_text(json.dumps(content))
    annotated, detected = check_data_set(path, pictures, use, tmp_path / 'boxes.json')
    assert [problem.split(' (')[0] for problem in annotated.problems] == [
        'annotation 0',
        'annotation 1',
    ]
    assert len(detected.problems) == 1
    assert detected.problems[0].startswith('detection 1: its image_id 0 is not')
