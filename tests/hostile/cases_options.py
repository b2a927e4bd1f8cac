# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Settings and options of wrong type, sign, name or shape: those of options.txt."""

from collections.abc import Iterator
from pathlib import Path

from hostile.case import Case
from hostile.material import VAL

INFER = 'tools/infer.py config.py toy.pth pictures --whole-image --no-draw --out-dir out'
COMMANDS = dict(
    train='tools/train.py config.py', test='tools/test.py config.py toy.pth', infer=INFER
)
WORDS = dict(
    ONNX='-m sdpose.runtime model.onnx pictures --whole-image --out-dir out',
    PERSON='config.py toy.pth pictures/000000500002.jpg a.png',
    RESULTS=f'{VAL} data/val2017 predictions.json a.png',
    VAL=VAL,
    DIGITS=str(10**29),
)


def cases() -> Iterator[Case]:
    """All cases of this door."""
    for line in Path(__file__).with_name('options.txt').read_text().splitlines():
        tool, _, settings = line.partition(': ')
        if tool in COMMANDS:
            for setting in settings.split():
                expect = 'refused|done' if setting.startswith('~') else 'refused'
                command = f"{COMMANDS[tool]} --cfg-options '{setting.removeprefix('~')}'"
                yield Case('options', f'{tool} {setting}', command, expect)
        elif not line.startswith('#'):
            command = ' '.join(WORDS.get(word, word) for word in line.split(' '))
            yield Case('options', line.removeprefix('tools/'), command)
