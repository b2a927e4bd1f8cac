# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Damaged annotations, in testing and training: told, or without effect."""

import gzip
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hostile.case import Case as AnyCase
from hostile.material import TRAIN, VAL
from hostile.values import edit, no_files, place, raw, wrong_fields

Case = partial(AnyCase, 'annotations')
TEST = 'tools/test.py config.py toy.pth --out ap.json'
TRAINING = 'tools/train.py config.py --no-validate'
TOLD = 'refused|counted|same'  # an exit status of 0 without a word needs the clean run's result
FIELDS = {  # the wrong values that say something about a field
    'images.1.id': 'missing null nan minus digits text true dict list',
    'images.1.file_name': 'missing null zero empty text true dict list',
    'images.1.width': 'missing null nan inf minus zero huge digits text list',
    'images.1.height': 'missing null nan minus zero huge text dict',
    'annotations.2.id': 'missing null nan digits text true dict list',
    'annotations.2.image_id': 'missing null nan inf minus digits text true dict list',
    'annotations.2.category_id': 'missing null nan minus zero digits text dict list',
    'annotations.2.bbox': 'missing null nan zero text dict list nested',
    'annotations.2.bbox.2': 'null nan inf minus zero huge digits text true dict list nested',
    'annotations.2.keypoints': 'missing null nan zero text empty dict list nested',
    'annotations.2.keypoints.3': 'null nan inf huge digits text dict nested',
    'annotations.2.keypoints.5': 'null nan minus huge text',
    'annotations.2.num_keypoints': 'missing null nan zero minus huge digits text dict',
    'annotations.2.area': 'missing null nan inf minus zero huge digits text dict list',
    'annotations.2.iscrowd': 'null nan minus text true dict list',
    'annotations.2': 'null zero text list dict',
    'images.1': 'null zero text list dict',
    'categories.0.id': 'missing null nan minus digits text',
    'categories': 'missing null zero text dict nested',
    'images': 'missing null zero text dict nested',
    'annotations': 'missing null zero text dict nested',
}
IN_TRAINING = {
    field: ' '.join(value for value in values.split() if value in 'missing null nan huge nested')
    for field, values in FIELDS.items()
}


def all_of(field: str, value: Any) -> Callable[[dict], None]:
    """Give every annotation a value."""
    return lambda content: [person.update({field: value}) for person in content['annotations']]


def again(name: str, **changes: Any) -> Callable[[dict], None]:
    """Add a changed copy of an entry."""
    return lambda content: content[name].append({**content[name][2], **changes})


def third(**changes: Any) -> Callable[[dict], None]:
    """Change one annotation."""
    return lambda content: content['annotations'][2].update(changes)


EDITS: dict[str, Callable[[dict], Any]] = {
    'annotation twice': again('annotations'),
    'annotation of an unknown image': again('annotations', id=7, image_id=12345),
    'image twice': again('images'),
    'image twice under another id': again('images', id=7),
    'image that is not there': again('images', id=7, file_name='no.jpg'),
    'image outside the folder': again('images', id=7, file_name='../../../etc/passwd'),
    'all of another category': all_of('category_id', 2),
    'all of area 0': all_of('area', 0),
    'all crowds': all_of('iscrowd', 1),
    'all without keypoints': all_of('num_keypoints', 0),
    'all boxes without size': all_of('bbox', [10, 10, 0, 0]),
    'all boxes outside': all_of('bbox', [5000, 5000, 10, 10]),
    'no area anywhere': lambda content: [p.pop('area') for p in content['annotations']],
    'no box anywhere': lambda content: [p.pop('bbox') for p in content['annotations']],
    'one box outside': third(bbox=[5000, 0, 9, 9]),
    'fourteen keypoints': third(keypoints=[50, 50, 2] * 14),
    'all sizes wrong': lambda content: [i.update(width=99, height=99) for i in content['images']],
    'sizes swapped': lambda content: content['images'][1].update(width=320, height=240),
    'ids as text': lambda content: [i.update(id=str(i['id'])) for i in content['images']],
    'no images, no annotations': lambda content: content.update(images=[], annotations=[]),
}
BYTES: dict[str, Callable[[bytes], str | bytes]] = {
    'UTF-16': lambda data: data.decode().encode('utf-16'),
    'Latin 1': lambda data: data.replace(b'person', b'pers\xf6n', 1),
    'byte order mark': lambda data: b'\xef\xbb\xbf' + data, 'zipped': gzip.compress,
    'empty': lambda _: '', 'blanks': lambda _: ' ' * 100, 'text': lambda _: 'hello',
    'a list': lambda _: '[]', 'null': lambda _: 'null', 'empty object': lambda _: '{}',
    'a number': lambda _: '1' * 5000, 'nested': lambda _: '[' * 100000 + ']' * 100000,
    'half': lambda data: data[: len(data) // 2], 'without the last byte': lambda data: data[:-1],
    'twice': lambda data: data * 2, 'with a NUL': lambda data: data.replace(b':', b':\0', 1),
    'comments': lambda data: data.replace(b'{', b'{\n// no\n', 1), 'HTML': lambda _: '<html>',
}  # fmt: skip


def cases() -> Iterator[AnyCase]:
    """All cases of this door."""
    for file, command, fields in ((VAL, TEST, FIELDS), (TRAIN, TRAINING, IN_TRAINING)):
        tool, says = command.split()[0], (Path(file).name,)
        changes = dict(wrong_fields(file, fields)) | {n: edit(file, e) for n, e in EDITS.items()}
        for name, change in changes.items():
            yield Case(f'{tool} {name}', command, TOLD, change, says)
    says = (Path(VAL).name,)
    for name, change in BYTES.items():
        expect = 'refused|same' if name == 'byte order mark' else 'refused'
        yield Case(name, TEST, expect, raw(VAL, change), says)
    for name, change in no_files(VAL):
        yield Case(name, TEST, 'refused', change, says)
    for name in ('000000500002.jpg', '000000500004.jpg'):
        yield Case(f'{name} is text', TEST, change=place(f'data/val2017/{name}', 'x'), says=(name,))
    change = edit(VAL, lambda content: content['annotations'][2].pop('area'))
    yield Case('validation while training', 'tools/train.py config.py', TOLD, change, says)
