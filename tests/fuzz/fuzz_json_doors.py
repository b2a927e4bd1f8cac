# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Fuzz the readers of JSON: boxes, model cards, and annotations, as text and as changed values.

python tests/fuzz/fuzz_json_doors.py --runs 250000 --seconds-each 2 --rss-mb 500
"""

import copy
import json
import random
import tempfile
from pathlib import Path
from typing import Any

import fuzzing
import numpy as np

with fuzzing.instrumented('sdpose.runtime', 'sdpose.annotations'):
    from sdpose.annotations.annotation_file import check_annotations
    from sdpose.annotations.coco_json import read_coco_json
    from sdpose.annotations.result_file import check_detections, check_predictions
    from sdpose.annotations.use import Use
    from sdpose.runtime.box_file import BoxFile
    from sdpose.runtime.crop import CropRegion
    from sdpose.runtime.frames import Frame
    from sdpose.runtime.model_card import read_model_card

FOLDER = Path(tempfile.mkdtemp(prefix='fuzz_', dir='/dev/shm'))
FILE, NAMES = FOLDER / 'a.json', FOLDER / 'names.json'
IMAGE = np.zeros((40, 60, 3), np.uint8)
INPUT_SIZE = (6, 8)
BOX = [10, 5.5, 20, 30]
PERSON = dict(
    id=1, image_id=7, category_id=1, bbox=BOX, area=600, iscrowd=0, num_keypoints=1,
    keypoints=[20, 15, 2, 0, 0, 0],
)  # fmt: skip
IMAGES = [dict(id=7, file_name='a/7.jpg', width=60, height=40), dict(id='b', file_name='b.jpg')]
CATEGORIES = [dict(id=1, name='person', keypoints=['nose', 'tail'], skeleton=[[1, 2]])]
TRUTH = dict(images=IMAGES[:1], annotations=[PERSON, PERSON | dict(id=2)], categories=CATEGORIES)
RESULT = dict(image_id=7, category_id=1, bbox=BOX, score=0.9, keypoints=[20, 15, 0.9, 1, 2, 0.1])
CODEC = dict(type='MSRAHeatmap', unbiased=True, blur_kernel_size=11, input_size=[6, 8])
CARD = dict(
    input_name='image', input_size=[6, 8], mean=[1, 2, 3], std=[1, 2, 3], box_padding=1.25,
    output_kind='heatmap', keypoint_names=['nose', 'tail'], skeleton=[[0, 1]], codec=CODEC,
    bgr_to_rgb=True, use_udp=False,
)  # fmt: skip
VALUES = [
    *(None, True, False, 0, -1, 1, 2, 7, '7', 'b', 'person', '', 'a/' * 50, '\ud800', '\0', '1,2'),
    *(float('nan'), float('inf'), -float('inf'), 1e-30, 1e38, 1e308, 10**18, 10**400, -(10**400)),
    *(0.5, 7.0, 1e7, 32767, [], {}, [[]], [1, 2, 3, 4], {'id': 1}, [None] * 4, BOX, PERSON, RESULT),
]


def read_boxes(names: Path | None) -> None:
    """As inference does, up to the crop."""
    boxes = BoxFile(FILE, 0.3, names)
    boxes.check_pictures(['7.jpg', 'b.jpg', 'c.jpg'])
    for name in ('7.jpg', 'a/7.jpg', 'b.jpg'):
        found, complaints = boxes(Frame(IMAGE, name, 0))
        usable, more = found.split_usable(IMAGE)
        if any('\n' in text or len(text) > 300 for text in complaints + more):
            raise AssertionError(complaints + more)
        for box in usable.boxes:
            region = CropRegion.around(box.tolist(), 1.25, INPUT_SIZE)
            region.cut(IMAGE, INPUT_SIZE)
            if not np.isfinite(region.to_image(np.array([[0, 0], INPUT_SIZE]), INPUT_SIZE)).all():
                raise AssertionError(f'no crop around {box}')


def read_annotations() -> None:
    """As training and testing do."""
    content = read_coco_json(FILE, 'file of annotations')
    use = Use(num_keypoints=2, evaluated=True, area=True)
    for report in (check_annotations(FILE, content, use), check_annotations(FILE, content, Use())):
        report.note()
        report.raise_first()


# door -> its seed, and its reader
DOORS = {
    b'd': ([RESULT, RESULT], lambda: read_boxes(None)),
    b'n': ([RESULT, RESULT], lambda: read_boxes(NAMES)),
    b't': (TRUTH, lambda: read_boxes(None)),
    b'a': (TRUTH, read_annotations),
    b'b': ([RESULT] * 2, lambda: check_detections(FILE, read_coco_json(FILE, 'b'), {7}).note()),
    b'p': (
        [RESULT] * 2,
        lambda: check_predictions(FILE, read_coco_json(FILE, 'p'), {7}, 2).raise_first(),
    ),
    b'c': (CARD, lambda: read_model_card(FILE, FILE.with_suffix('.onnx'))),
}


def changed(content: Any, script: bytes) -> Any:
    """Replace, remove and add values of a seed; every four bytes say what and where."""
    content = copy.deepcopy(content)
    for start in range(0, min(len(script), 40), 4):
        draw = random.Random(script[start : start + 3])
        node, parent, key = content, None, None
        while isinstance(node, list | dict) and node and (parent is None or draw.random() < 0.8):
            parent, key = node, draw.choice([*node] if isinstance(node, dict) else range(len(node)))
            node = parent[key]
        what = script[start + 3] if start + 3 < len(script) else 0
        if parent is None:
            content = copy.deepcopy(draw.choice(VALUES))
        elif what % 8 == 0:
            del parent[key]
        elif what % 8 == 1 and isinstance(parent, list):
            parent += [copy.deepcopy(node)] * (what // 8)
        else:
            parent[key] = copy.deepcopy(VALUES[what % len(VALUES)])
    return content


def read(data: bytes) -> None:
    """Read an input: its first byte is the door, in capitals where a script of changes follows."""
    kind, rest = data[:1], data[1:]
    if kind.lower() not in DOORS:
        return
    seed, reader = DOORS[kind.lower()]
    if kind.isupper():
        rest = json.dumps(changed(seed, rest)).encode(errors='surrogatepass')
    FILE.write_bytes(rest)
    reader()


def seeds() -> dict[str, bytes]:
    """For each door the whole file, and some scripts."""
    found = {}
    for kind, (seed, _) in DOORS.items():
        found[f'{kind.decode()}.json'] = kind + json.dumps(seed).encode()
        for number in range(20):
            script = random.Random(number).randbytes(4 + number)
            found[f'{kind.decode()}{number}.script'] = kind.upper() + script
    return found


if __name__ == '__main__':
    NAMES.write_text(json.dumps(IMAGES))
    fuzzing.run(read, seeds())
