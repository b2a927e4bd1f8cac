# Copyright (c) the sdpose authors. Licensed under Apache-2.0.

"""Disks that are full or read-only, and results that are to go where nothing can be written."""

from collections.abc import Callable, Iterator
from pathlib import Path

from hostile.case import Case
from hostile.material import VAL

RESULTS = f'{VAL} data/val2017 predictions.json'
PERSON = 'config.py toy.pth pictures/000000500002.jpg'
COMMANDS = {  # {0} is a name in a folder
    'train': 'tools/train.py config.py --work-dir {0}',
    'test': 'tools/test.py config.py toy.pth --out {0}.json',
    'dump': 'tools/test.py config.py toy.pth --dump {0}.pkl',
    'log of a test': 'tools/test.py config.py toy.pth --work-dir {0}',
    'infer': 'tools/infer.py config.py toy.pth pictures --whole-image --out-dir {0}',
    'onnx': '-m sdpose.runtime model.onnx pictures --threads 1 --whole-image --out-dir {0}',
    'video': '-m sdpose.runtime model.onnx video.avi --threads 1 --whole-image --out-dir {0}',
    'export': 'tools/export_onnx.py config.py toy.pth {0}.onnx',
    'figure': f'tools/visualize/attention.py {PERSON} {{0}}.png',
    'sheet': f'tools/visualize/contact_sheet.py {RESULTS} {{0}}.png',
    'parameters': 'tools/visualize/parameters.py toy.pth toy.pth {0}.pdf',
    'browse': 'tools/browse_dataset.py config.py {0}.png',
    'toy': 'tools/dataset/make_toy_coco.py {0} --images 3 --val-images 3 --workers 1',
}
SIZES = {'64k': ('train', 'infer', 'onnx', 'export', 'figure', 'sheet', 'browse', 'toy')}
SIZES |= {'1m': ('train', 'export'), '3m': ('train',), '8m': ('train',)}
OLD = {'test': 'a.json', 'figure': 'a.png', 'export': 'a.onnx', 'dump': 'a.pkl'}


def filled(old: str) -> Callable[[Path], None]:
    """An older result, and no more room."""

    def change(folder: Path) -> None:
        if old:
            (folder / 'disk' / old).write_text('{"an older": "result"}')
        try:
            with (folder / 'disk/filler').open('wb', buffering=0) as file:
                while True:
                    file.write(bytes(4096))
        except OSError:
            pass

    return change


def cases() -> Iterator[Case]:
    """All cases of this door."""
    for name, command in COMMANDS.items():
        for place in ('/proc/nowhere/a', '/dev/null/a', 'toy.pth/a', '/sys/a'):
            if place == '/proc/nowhere/a' or name in ('train', 'test', 'infer', 'export', 'figure'):
                yield Case(
                    'disk',
                    f'{name} to {place}',
                    command.format(place),
                    says=(place.split('/a')[0],),
                )
        yield Case('disk', f'{name} read-only', command.format('disk/a'), disk='ro', says=('disk',))
    for size, names in SIZES.items():
        for name in names:
            yield Case(
                'disk',
                f'{name} in {size}',
                COMMANDS[name].format('disk/a'),
                disk=f'size={size}',
                says=('disk',),
            )
    for name in ('test', 'figure', 'export', 'dump', 'infer', 'onnx', 'video', 'train', 'sheet'):
        change, command = filled(OLD.get(name, '')), COMMANDS[name].format('disk/a')
        yield Case(
            'disk',
            f'{name} on a full disk',
            command,
            disk='size=64k',
            change=change,
            says=('disk',),
        )
    for name, limit in dict(
        test=100, train=10**6, infer=3000, export=10**5, figure=5000, dump=1000
    ).items():
        command = COMMANDS[name].format('run/a' if name == 'train' else 'a')
        yield Case('disk', f'{name} with files of {limit} bytes', command, file_limit=limit)
