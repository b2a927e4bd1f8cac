# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Signals, at many moments, to the tool, its terminal's group, or one of its workers."""

import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

from hostile.case import Case

LONG = 'train_cfg.max_epochs=1000 train_cfg.val_interval=1'
TRAIN = f'tools/train.py config.py --cfg-options {LONG}'
WORKERS = f'{TRAIN} train_dataloader.num_workers=2 val_dataloader.num_workers=1'
PERSISTENT = (
    f'{WORKERS} train_dataloader.persistent_workers=True val_dataloader.persistent_workers=True'
)
TEST = 'tools/test.py config.py toy.pth --out ap.json'
TEST_WORKERS = (
    f'{TEST} --cfg-options test_dataloader.num_workers=2 test_dataloader.persistent_workers=True'
)
INFER = 'tools/infer.py config.py toy.pth many --whole-image --out-dir out --batch-size 1'
ONNX = '-m sdpose.runtime model.onnx many --threads 1 --whole-image --out-dir out --batch-size 1'
MOMENTS = {
    'start': 0.3, 'loading': 0.9, 'log': 'run/*/*.log', 'first losses': 'run/*/vis_data/*.json',
    'saving': 'run/.*.partial', 'saved': 'run/epoch_1.pth', 'best': 'run/best*',
    'third': 'run/epoch_3.pth',
}  # fmt: skip
OF_INFERENCE = {'start': 0.3, 'list': 'out/predictions.json', 'fifth': 'out/pictures/00004.jpg'}
ENDS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def many(folder: Path) -> None:
    """More pictures and persons than anybody waits for."""
    (folder / 'many').mkdir()
    source = next((folder / 'pictures').iterdir()).resolve()
    for number in range(2000):
        (folder / f'many/{number:05d}.jpg').symlink_to(source)


def with_older(folder: Path) -> None:
    """An older run in the same folder."""
    (folder / 'run').mkdir()
    shutil.copy(folder / 'resume.pth', folder / 'run/epoch_1.pth')


def cases() -> Iterator[Case]:
    """All cases of this door."""
    for name, command in dict(train=TRAIN, workers=WORKERS, persistent=PERSISTENT).items():
        for number, (moment, when) in enumerate(MOMENTS.items()):
            end = ENDS[number % 3]
            signals = ENDS if name == 'workers' else (end, signal.SIGKILL)
            for signum in signals:
                victim = 'group' if signum == signal.SIGINT else 'tool'
                expect = 'killed' if signum == signal.SIGKILL else 'interrupted'
                # in the first moment no tool has begun yet
                expect += '|killed' if moment == 'start' else ''
                label = f'{name}: {signum.name} at {moment}'
                yield Case('signals', label, command, expect, kill=(signum, when), victim=victim)
    for name, command in dict(infer=INFER, onnx=ONNX).items():
        for moment, when in OF_INFERENCE.items():
            for signum in (*ENDS, signal.SIGKILL):
                expect = 'killed' if signum == signal.SIGKILL else 'interrupted'
                expect += '|killed' if moment == 'start' else ''
                label = f'{name}: {signum.name} at {moment}'
                yield Case('signals', label, command, expect, many, kill=(signum, when))
    for signum in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV):
        for name, command in dict(workers=WORKERS, persistent=PERSISTENT).items():
            label, short = f'{name}: a worker gets {signum.name}', command.replace('1000', '8')
            kill = (signum, 'run/epoch_1.pth')
            # one that had just done its work is not missed
            yield Case('signals', label, short, 'refused|done', kill=kill, victim='worker')
    for signum in (*ENDS, signal.SIGKILL):
        expect = 'killed' if signum == signal.SIGKILL else 'interrupted'
        for name, command in dict(test=TEST, workers=TEST_WORKERS).items():
            when = 'run/*/*.log'
            yield Case(
                'signals',
                f'test {name}: {signum.name}',
                command,
                f'{expect}|done',
                kill=(signum, when),
            )
    resume = f'{TRAIN.replace("config.py", "config.py --resume")}'
    for signum in ENDS:
        label = f'resume: {signum.name}'
        yield Case(
            'signals', label, resume, 'interrupted', with_older, kill=(signum, 'run/epoch_3.pth')
        )
