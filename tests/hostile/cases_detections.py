# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Damaged boxes: of both inference commands, and of a test."""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from hostile.case import Case as AnyCase
from hostile.material import VAL
from hostile.values import edit, no_files, place, wrong_fields

Case = partial(AnyCase, 'detections')
BOXES = 'data/val2017 --no-draw --out-dir out --bbox-file'
RUNTIME = '-m sdpose.runtime model.onnx --threads 1'
FILE = 'detections.json'
COMMANDS = dict(
    torch=f'tools/infer.py config.py toy.pth {BOXES} {FILE} --image-names {VAL}',
    onnx=f'{RUNTIME} {BOXES} {FILE} --image-names {VAL}',
    test='tools/test.py config.py toy.pth --out ap.json '
    f'--cfg-options test_dataloader.dataset.bbox_file={FILE}',
)
FIELDS = {
    '3.image_id': 'missing null nan inf digits text dict list nested',
    '3.category_id': 'missing null nan digits text dict list',
    '3.bbox': 'missing null nan zero text dict list nested',
    '3.bbox.0': 'null nan inf huge digits text dict nested',
    '3.bbox.2': 'null nan inf minus zero huge digits text dict list',
    '3.score': 'missing null nan inf text digits dict list nested',
    '3': 'null zero text list dict nested',
}
OF_TRUTH = {
    'annotations.2.bbox.2': 'nan inf huge digits dict zero', 'annotations.2.bbox': 'missing text',
    'annotations.2.image_id': 'missing dict digits', 'images.1.id': 'missing dict nan',
    'images.1.file_name': 'missing null dict', 'images': 'missing text', 'categories': 'text dict',
    'annotations.2.num_keypoints': 'text dict', 'annotations.2.category_id': 'dict text',
}  # fmt: skip
NO_LISTS = {
    'empty': '', 'an empty list': '[]', 'an empty object': '{}', 'null': 'null', 'a number': '7',
    'text': 'hello', 'a list of lists': '[[[1, 2, 3, 4]]]', 'half': '[{"image_id": 500002, "ca',
    'nested': '[' * 100000, 'nested and closed': '[' * 100000 + ']' * 100000, 'NUL': b'\0' * 50,
    'a pickle': b'\x80\x04cos\nsystem\n(S"touch was_run"\ntR.', 'a dict': '{"bbox": [1, 2, 3, 4]}',
}  # fmt: skip
ALL = {  # every entry with another value
    'of another category': dict(category_id=3), 'of unknown images': dict(image_id=1),
    'below the threshold': dict(score=-1), 'outside': dict(bbox=[9e5, 0, 5, 5]),
    'of text ids': dict(image_id='a'), 'without score': dict(score=None),
    'NaN': dict(bbox=[float('nan')] * 4), 'three numbers': dict(bbox=[1, 2, 3]),
    'five numbers': dict(bbox=[1, 2, 3, 4, 5]),
}  # fmt: skip
GOOD = dict(image_id=500002, category_id=1, bbox=[40, 60, 100, 200], score=0.9)
FIXED = ('1,2,3', '1,2,3,0', 'nan,2,3,4', 'inf,2,3,4', 'a,b,c,d', '1,2,3,1e38', '""', '9000,0,5,5')


def cases() -> Iterator[AnyCase]:
    """All cases of this door."""
    files = NO_LISTS | {f'all {n}': json.dumps([{**GOOD, **v}] * 2) for n, v in ALL.items()}
    for tool, command in COMMANDS.items():
        told = 'refused|skipped|same' + ('|counted' if tool == 'test' else '')
        for number, (name, change) in enumerate(wrong_fields(FILE, FIELDS)):
            if tool == 'onnx' or number % 2:
                yield Case(f'{tool} {name}', command, told, change)
        for number, (name, content) in enumerate(files.items()):
            if tool == 'test' and name in ('all below the threshold', 'all five numbers'):
                continue  # it has none; MMPose leaves a fifth number alone
            if (tool == 'torch') == number % 2 or tool == 'test':
                change = place(FILE, content)
                yield Case(f'{tool} {name}', command, 'refused|told', change, (FILE,))
        for name, change in no_files(FILE):
            yield Case(f'{tool} {name}', command, 'refused', change, (FILE,))
    for name, change in wrong_fields(VAL, OF_TRUTH):
        told = 'refused|skipped|same'
        yield Case(f'truth {name}', f'{RUNTIME} {BOXES} {VAL}', told, change)
    pictures = f'{RUNTIME} pictures --no-draw --out-dir out'
    for box in FIXED:
        yield Case(f'--bboxes {box}', f'{pictures} --bboxes {box}', 'refused|told')
    for field in ('score', 'category_id'):
        change = edit(FILE, lambda content, field=field: content[0].update({field: 0}))
        yield Case(f'{field} 0 is left out as usual', COMMANDS['onnx'], 'done', change)
    for name in ('nowhere.json', 'pictures', 'toy.pth', '/dev/zero', '/dev/null'):
        command = f'{pictures} --bbox-file {FILE} --image-names {name}'
        yield Case(f'names in {name}', command, says=(Path(name).name,))
