# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# ruff: noqa: E501  one case a line
"""Damaged and unusual pictures and videos, and names that are hard to handle."""

import os
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from hostile.case import Case as AnyCase
from hostile.material import VAL
from hostile.values import Change, cut, flip, no_files, place, raw

Case = partial(AnyCase, 'pictures')
ONNX = '-m sdpose.runtime model.onnx --threads 1 --whole-image --out-dir out'
TORCH = 'tools/infer.py config.py toy.pth --whole-image --out-dir out'
FIGURE = 'tools/visualize/attention.py config.py toy.pth pictures/a.jpg figure.png'
TEST = 'tools/test.py config.py toy.pth --out ap.json'
TRAIN = 'tools/train.py config.py --no-validate'
BY_FILE = f'tools/infer.py config.py toy.pth data/val2017 --bbox-file {VAL} --out-dir out'
TOLD = 'refused|skipped|told'
SAMPLE = np.tile(np.arange(120, dtype=np.uint8)[:, None, None], (1, 90, 3))


def png_header(width: int, height: int) -> bytes:
    """A PNG that says that it is huge."""
    head = b'IHDR' + struct.pack('>IIBBBBB', width, height, 8, 2, 0, 0, 0)
    chunks = head, b'IDAT' + zlib.compress(b'\0' * 1000), b'IEND'
    packed = (struct.pack('>I', len(c) - 4) + c + struct.pack('>I', zlib.crc32(c)) for c in chunks)
    return b'\x89PNG\r\n\x1a\n' + b''.join(packed)


def encoded(suffix: str, image: np.ndarray = SAMPLE) -> bytes:
    """A picture of a format."""
    return cv2.imencode(suffix, image)[1].tobytes()


JPG, PNG = encoded('.jpg'), encoded('.png')
BROKEN = {
    'empty.jpg': b'', 'text.jpg': b'hello', 'zeros.png': b'\0' * 999, 'html.jpg': b'<html></html>',
    'start.jpg': JPG[:3], 'start.png': PNG[:8], 'head.jpg': cut(0.1)(JPG), 'head.png': cut(0.2)(PNG),
    'half.jpg': cut(0.6)(JPG), 'half.png': cut(0.6)(PNG), 'end.png': cut(0.9)(PNG),
    'half.bmp': cut(0.5)(encoded('.bmp')), 'half.tif': cut(0.5)(encoded('.tiff')),
    'half.webp': cut(0.5)(encoded('.webp')), 'half.jp2': cut(0.3)(encoded('.jp2')),
    'flip.png': flip(0.5)(PNG), 'svg.png': b'<svg/>', 'pdf.jpg': b'%PDF-1.7',
    'bomb.png': png_header(60000, 60000), 'bomb2.png': png_header(2**31 - 1, 2**31 - 1),
    'bomb3.png': png_header(30000, 30000), 'nothing.png': png_header(0, 0),
    'bomb.pgm': b'P5 100000 100000 255\n',
    'bomb.bmp': b'BM' + struct.pack('<IHHIIiiHH', 99, 0, 0, 54, 40, 50000, 50000, 1, 24),
}  # fmt: skip
FINE = {
    'grey.png': encoded('.png', SAMPLE[..., 0]), 'grey.pgm': encoded('.pgm', SAMPLE[..., 0]),
    'deep.png': encoded('.png', SAMPLE.astype(np.uint16) * 200), 'colour.webp': encoded('.webp'),
    'deep.tif': encoded('.tiff', SAMPLE.astype(np.uint16) * 200), 'colour.jp2': encoded('.jp2'),
    'float.tif': encoded('.tiff', SAMPLE.astype(np.float32)), 'junk after.jpg': JPG + b'junk' * 99,
    'alpha.png': encoded('.png', np.dstack([SAMPLE, SAMPLE[..., 0]])), 'png.jpg': PNG, 'jpg.png': JPG,
    'pixel.png': encoded('.png', SAMPLE[:1, :1]), 'line.png': encoded('.png', SAMPLE[:1]),
    'tall.png': encoded('.png', np.zeros((8000, 2, 3), np.uint8)), 'flip.jpg': flip(0.7)(JPG),
    **dict.fromkeys(('a b.jpg', 'a\nb.jpg', 'a\tb.jpg', 'äö.jpg', '😀.jpg', 'a\'"b.jpg', 'A.JPG', '-a.jpg', 'a*.jpg', '[a].jpg', '..a...jpg', '\x1b[31m.jpg', '%s%n.jpg', '\u202eabc.jpg', '��.jpg'), JPG),
}  # fmt: skip
VIDEOS = {
    'whole': (lambda data: data, 'same'), 'cut at 0.8': (cut(0.8), TOLD), 'cut at 0.05': (cut(0.05), TOLD),
    'cut at 0.5': (cut(0.5), TOLD), 'empty': (lambda _: b'', TOLD), 'text': (lambda _: b'hello', TOLD),
    'a picture': (lambda _: JPG, f'{TOLD}|done'), 'zeros': (lambda data: bytes(len(data)), TOLD),
    'zeros in the middle': (lambda data: data[:9000] + bytes(9000) + data[18000:], f'{TOLD}|done'),
}  # fmt: skip
GIVEN = (
    '99', '1' * 20, '-1', '""', 'nowhere', 'http://localhost:1/a.mp4', 'rtsp://localhost:1/a', 'config.py',
    'file:///etc/passwd', '/dev/zero', 'pictures video.avi', '"no*.jpg"', '/proc', 'toy.pth', 'x' * 5000, 'log',
)  # fmt: skip


def cmyk(folder: Path) -> None:
    """As from a printer."""
    Image.new('CMYK', (60, 80), (9, 99, 0, 0)).save(folder / 'pictures/a.jpg')


def animated(folder: Path) -> None:
    """Three frames in a .gif."""
    frames = [Image.new('RGB', (60, 80), (n * 80, 0, 0)) for n in range(3)]
    frames[0].save(folder / 'a.gif', save_all=True, append_images=frames[1:])


def locked(path: str) -> Change:
    """A file that nobody but root may read."""

    def change(folder: Path) -> None:
        raw(path, bytes)(folder)
        os.chmod(folder / path, 0)  # noqa: PTH101

    return change


def cases() -> Iterator[AnyCase]:
    """All cases of this door."""
    for name, content in BROKEN.items():
        for tool, command in dict(onnx=ONNX, torch=TORCH).items():
            change = place(f'pictures/{name}', content)
            yield Case(
                f'{tool} {name}', f'{command} pictures', TOLD, change, (name,), megabytes=900
            )
    for name, content in FINE.items():
        label = name.encode('unicode_escape').decode()
        yield Case(label, f'{ONNX} pictures', 'every', place(f'pictures/{name}', content))
    long = f'pictures/{"a" * 250}.jpg'
    yield Case('a long name', f'{ONNX} pictures', 'every|skipped|refused', place(long, JPG))
    yield Case('CMYK', f'{ONNX} pictures', 'every', cmyk)
    yield Case('animated', f'{ONNX} a.gif', 'done', animated)
    for name, change in no_files('pictures/a.jpg'):
        told = f'{TOLD}|same' if name in ('not there', 'a folder') else TOLD
        yield Case(f'in a folder: {name}', f'{ONNX} pictures', told, change)
        yield Case(f'given: {name}', f'{ONNX} pictures/a.jpg', TOLD, change, ('a.jpg',))
        yield Case(f'among: {name}', f'{TORCH} pictures/a.jpg data/val2017', TOLD, change)
        yield Case(f'for a figure: {name}', FIGURE, 'refused', change, ('a.jpg',))
    for name in ('half.jpg', 'empty.jpg', 'bomb3.png', 'head.png'):
        for command, path in (
            (FIGURE, 'pictures/a.jpg'),
            (TEST, 'data/val2017/000000500002.jpg'),
            (TRAIN, 'data/train2017/000000000002.jpg'),
        ):
            label, says = f'{path} is {name}', (Path(path).name,)
            change = place(path, BROKEN[name])
            yield Case(label, command, 'refused', change, says, megabytes=900)
    for name, (edit, expect) in VIDEOS.items():
        yield Case(f'video {name}', f'{ONNX} video.avi', expect, raw('video.avi', edit))
    for name, change in no_files('video.avi'):
        yield Case(f'video is {name}', f'{ONNX} video.avi', 'refused', change, ('video.avi',))
    for given in GIVEN:
        yield Case(f'given {given[:30]}', f'{ONNX} {given}', 'refused|told')
    for path in ('pictures/000000500002.jpg', 'model.onnx', VAL, 'toy.pth', 'config.py'):
        command = BY_FILE if path in (VAL, 'toy.pth', 'config.py') else f'{ONNX} pictures'
        yield Case(f'{path} may not be read', command, TOLD, locked(path), user=65534)
