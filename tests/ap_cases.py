# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Ground truth and predictions whose AP and AR are known: those that xtcocotools computed.

Where xtcocotools 1.14.3 is installed, they were written by
``PYTHONPATH=tools/dataset python tests/ap_cases.py tests/data/golden/ap.json``.
Everything is drawn from numpy's frozen ``RandomState``.
"""

import contextlib
import importlib
import io
import json
import sys
import tempfile
from pathlib import Path

import make_toy_coco
import numpy as np

SHARED = Path(__file__).parents[2] / 'shared/data'
FILES = {
    'coco_mini': 'coco_mini/annotations/person_keypoints_val2017.json',
    'lspet': 'lspet/annotations/val.json',
    'crowdpose_sample': 'crowdpose_sample/test_crowdpose.json',
}
PARTS = {'foot': 6, 'face': 68, 'lefthand': 21, 'righthand': 21}
MODES = {
    'keypoints': ('keypoints', True),
    'keypoints, no area': ('keypoints', False),
    'keypoints_crowd': ('keypoints_crowd', False),
    'keypoints_crowd, area': ('keypoints_crowd', True),
    'keypoints_wholebody': ('keypoints_wholebody', True),
    'keypoints_body': ('keypoints_body', True),
    **{f'keypoints_{part}': (f'keypoints_{part}', True) for part in PARTS},
}
MODES_OF = {
    'coco_mini': list(MODES)[:2],
    'lspet': list(MODES)[:2],
    'crowdpose_sample': list(MODES)[1:3],  # has no areas
    'drawn': list(MODES),
    'without iscrowd': list(MODES)[:4],
    'toy': list(MODES)[:2],
}


def drawn(num_images: int = 60, seed: int = 0) -> dict:
    """Ground truth with everything that a mode reads; ids begin at 0, some persons are crowds."""
    draw = np.random.RandomState(seed)
    images = [
        dict(id=i + 1, file_name=f'{i}.jpg', width=640, height=480, crowdIndex=i / num_images)
        for i in range(num_images)
    ]
    annotations = []
    for image in images:
        for _ in range(draw.poisson(2.2)):
            x, y, width, height = (
                draw.uniform(*r) for r in ((0, 440), (0, 180), (20, 200), (40, 300))
            )

            def keypoints(count: int, share: float, box: tuple = (x, y, width, height)) -> list:
                x, y, width, height = box
                visible = draw.randint(0, 3, count) * (draw.rand() < share)
                at = [x + draw.rand(count) * width, y + draw.rand(count) * height, visible]
                return np.stack(at, 1).ravel().tolist()

            body = keypoints(17, 0.9)
            annotations.append(
                dict(
                    id=len(annotations),
                    image_id=image['id'],
                    category_id=1,
                    bbox=[x, y, width, height],
                    area=width * height * draw.uniform(0.3, 0.6),
                    iscrowd=int(draw.rand() < 0.05),
                    keypoints=body,
                    num_keypoints=sum(v == 2 for v in body[2::3]),
                    **{f'{part}_kpts': keypoints(count, 0.7) for part, count in PARTS.items()},
                )
            )
    person = dict(id=1, name='person', keypoints=[], skeleton=[])
    return dict(images=images, annotations=annotations, categories=[person])


def predictions_for(truth: dict, seed: int = 1) -> list[dict]:
    """Some near, some far, some of nobody; one without a single confident keypoint."""
    draw = np.random.RandomState(seed)
    fields = [key for key in truth['annotations'][0] if key == 'keypoints' or key.endswith('_kpts')]
    found = []
    for person in truth['annotations']:
        for spread in (1, 5, 40):
            entry = dict(image_id=person['image_id'], category_id=1, score=draw.rand())
            for field in fields:
                at = np.array(person[field], float).reshape(-1, 3)
                at[:, :2] += draw.randn(len(at), 2) * spread * draw.rand()
                at[:, 2] = draw.rand(len(at)) if len(found) % 29 else 0
                entry[field] = at.ravel().tolist()
            if draw.rand() < 0.5:
                entry['foot_score'] = draw.rand()
            found.append(entry)
    return found


def sigmas_for(mode: str, truth: dict) -> np.ndarray:
    """Of any skeleton."""
    counts = {part: count for part, count in PARTS.items() if mode.endswith(part)}
    body = len(truth['annotations'][0]['keypoints']) // 3
    count = body + sum(PARTS.values()) if 'wholebody' in mode else sum(counts.values()) or body
    return 0.02 + 0.1 * np.random.RandomState(2).rand(count)


def truth_of(name: str) -> dict:
    """Ground truth of a case."""
    if name in FILES:
        return json.loads((SHARED / FILES[name]).read_text())
    if name == 'toy':
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            make_toy_coco.main([folder, '--images=1', '--val-images=8', '--workers=1'])
            path = Path(folder, 'annotations/person_keypoints_val2017.json')
            return json.loads(path.read_text())
    truth = drawn()
    if name == 'without iscrowd':
        for annotation in truth['annotations']:
            annotation.pop('iscrowd')
    return truth


def evaluate(name: str, mode: str, coco: type, evaluator: type) -> list[float]:
    """AP and AR of a case, as MMPose asks for them."""
    truth = truth_of(name)
    with (
        tempfile.TemporaryDirectory() as folder,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        paths = [Path(folder) / file for file in ('truth.json', 'found.json')]
        for path, content in zip(paths, (truth, predictions_for(truth)), strict=True):
            path.write_text(json.dumps(content))
        data = coco(str(paths[0]))
        iou_type, use_area = MODES[mode]
        sigmas = sigmas_for(mode, truth)
        evaluation = evaluator(data, data.loadRes(str(paths[1])), iou_type, sigmas, use_area)
        evaluation.params.useSegm = None
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    return [float(stat) for stat in evaluation.stats]


if __name__ == '__main__':
    coco, evaluator = (
        getattr(importlib.import_module(f'xtcocotools.{module}'), name)
        for module, name in (('coco', 'COCO'), ('cocoeval', 'COCOeval'))
    )
    numbers = {
        name: {mode: evaluate(name, mode, coco, evaluator) for mode in modes}
        for name, modes in MODES_OF.items()
    }
    Path(sys.argv[1]).write_text(json.dumps(numbers, indent=1) + '\n')
