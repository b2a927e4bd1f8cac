# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What inference costs where there is much of something: a program that measures."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, run_command

EXAMPLES = '  python tests/runtime/load.py MODEL.onnx persons 1000 10000'
SAMPLES = 10  # seconds between two looks at the memory
SMALL = np.tile(np.arange(96, dtype=np.uint8)[:, None, None], (1, 72, 3))


def persons(count: int, folder: Path) -> list[str]:
    """A picture with many boxes."""
    cv2.imwrite(str(folder / '1.jpg'), cv2.resize(SMALL, (1280, 960)))
    boxes = np.random.default_rng(0).uniform((0, 0, 20, 40), (1200, 900, 80, 160), (count, 4))
    entry = dict(image_id=1, category_id=1, score=0.9)
    entries = [entry | dict(bbox=box) for box in boxes.round(1).tolist()]
    (folder / 'boxes.json').write_text(json.dumps(entries))
    return [str(folder / '1.jpg'), '--bbox-file', str(folder / 'boxes.json')]


def pixels(side: int, folder: Path) -> list[str]:
    """Eight square pictures, one person in each."""
    (folder / 'in').mkdir()
    for number in range(8):
        cv2.imwrite(str(folder / f'in/{number}.jpg'), cv2.resize(SMALL, (side, side)))
    return [str(folder / 'in'), '--bboxes', '100,100,500,900']


def names(count: int, folder: Path) -> list[str]:
    """Very many small pictures, a person in a few of them."""
    (folder / 'in').mkdir()
    cv2.imwrite(str(folder / 'small.jpg'), SMALL)
    for number in range(count):
        (folder / f'in/{number:06d}.jpg').symlink_to('../small.jpg')
    entry = dict(category_id=1, score=0.9, bbox=[5, 5, 50, 80])
    entries = [entry | dict(image_id=number) for number in range(0, count, -(-count // 10))]
    (folder / 'boxes.json').write_text(json.dumps(entries))
    return [str(folder / 'in'), '--bbox-file', str(folder / 'boxes.json')]


def frames(count: int, folder: Path) -> list[str]:
    """A long video with two persons, drawn as it is read."""
    path = str(folder / 'in.avi')
    writer = cv2.VideoWriter(path, cv2.VideoWriter.fourcc(*'MJPG'), 25, (320, 240))
    picture = cv2.resize(SMALL, (320, 240))
    for number in range(count):
        writer.write(np.roll(picture, number, axis=1))
    writer.release()
    return [path, '--bboxes', '10,10,100,200', '150,20,90,180', '--video-format', 'mkv']


def memory(process: subprocess.Popen) -> Iterator[int]:
    """The resident MB of a process every few seconds until it ends, then its peak."""
    status, peak, looked = Path(f'/proc/{process.pid}/status'), 0, time.monotonic()
    while process.poll() is None:
        sizes = dict(line.split(':', 1) for line in status.read_text().splitlines())
        if 'VmHWM' in sizes:
            peak = int(sizes['VmHWM'].split()[0]) // 1024
            if time.monotonic() - looked > SAMPLES:
                looked = time.monotonic()
                yield int(sizes['VmRSS'].split()[0]) // 1024
        time.sleep(0.05)
    yield peak


KINDS = {make.__name__: make for make in (persons, pixels, names, frames)}


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__, EXAMPLES)
    parser.add_argument('model', help='exported model (.onnx)')
    what = [f'{name}: {make.__doc__}' for name, make in KINDS.items()]
    parser.add_argument('kind', choices=KINDS, help=' '.join(what))
    parser.add_argument('counts', type=int, nargs='+', help='how many; of pixels, a side')
    return parser.parse_args(arguments)


def main(arguments: Arguments = None) -> None:
    """Measure each count."""
    args = parse_args(arguments)
    kind = args.kind
    for count in args.counts:
        with tempfile.TemporaryDirectory() as folder:
            words = KINDS[kind](count, Path(folder))
            words += ['--threads', '1', '--out-dir', f'{folder}/out']
            words += [] if kind in ('frames', 'pixels') else ['--no-draw']
            begin = time.monotonic()
            process = subprocess.Popen(
                [sys.executable, '-m', 'sdpose.runtime', args.model, *words],
                stdout=subprocess.DEVNULL,
            )
            *samples, peak = memory(process)
            seconds = time.monotonic() - begin
        if process.returncode:
            raise InputError(f'Inference on {count} {kind} ended with {process.returncode}.')
        each = '' if kind == 'pixels' else f'{1000 * seconds / count:.2f} ms each, '
        flat = f', {min(samples)} to {max(samples)} MB every {SAMPLES} s' if samples else ''
        print(f'{count} {kind}: {seconds:.1f} s, {each}at most {peak} MB{flat}')


if __name__ == '__main__':
    sys.exit(run_command(main))
