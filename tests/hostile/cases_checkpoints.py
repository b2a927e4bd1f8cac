# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
# ruff: noqa: E501  one case a line
"""Damaged, unsuitable and hostile checkpoints."""

import codecs
import functools
import gzip
import io
import operator
import os
import pickle
import subprocess
import zipfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from hostile.case import Case as AnyCase
from hostile.left_behind import MARKER
from hostile.values import Change, cut, flip, no_files, place, raw, write

Case = functools.partial(AnyCase, 'checkpoints', says=('toy.pth', 'toy.safetensors', 'resume.pth'))
TEST = 'tools/test.py config.py toy.pth --out ap.json'
RESUME = 'tools/train.py config.py --no-validate --resume resume.pth --cfg-options'
OTHERS = dict(  # commands that read checkpoints
    infer='tools/infer.py config.py toy.pth pictures --whole-image --no-draw --out-dir out',
    tune='tools/train.py config.py --no-validate --cfg-options load_from=toy.pth',
    convert='tools/convert_checkpoint.py toy.pth converted.pth',
    figure='tools/visualize/parameters.py toy.pth toy.pth figure.png',
    export='tools/export_onnx.py config.py toy.pth new.onnx',
)
WEIGHT = 'neck.layers.0.attention.out.weight'
TOUCH = f'touch {MARKER}'


class Call:
    """Pickles to a call of a function."""

    def __init__(self, function: Any, *words: Any) -> None:
        self.call = function, words

    def __reduce__(self) -> tuple:
        return self.call


RUN = Call(os.system, TOUCH)
EMPTY_ARRAY = np.zeros(0).__reduce__()[0]
HOSTILE: dict[str, Any] = {
    'os.system': RUN, 'subprocess': Call(subprocess.check_call, ['touch', MARKER]),
    'eval': Call(eval, f'open({MARKER!r}, "w")'), 'exec': Call(exec, f'open({MARKER!r}, "w")'),
    'open': Call(open, MARKER, 'w'), 'import': Call(__import__, 'antigravity'),
    'getattr': Call(getattr, Call(__import__, 'os'), 'system'), 'memmap': Call(np.memmap, MARKER, 'uint8', 'w+', 0, 4),
    'partial': Call(functools.partial(os.system, TOUCH)), 'map': Call(list, Call(map, os.system, [TOUCH])),
    'methodcaller': Call(operator.methodcaller('touch'), Path(MARKER)), 'reduce': Call(functools.reduce, os.system, [TOUCH]),
    'attrgetter': Call(operator.attrgetter('system'), Call(__import__, 'os')), 'torch.load': Call(torch.load, 'resume.pth'),
    'pickle in pickle': Call(pickle.loads, pickle.dumps(RUN)), 'hub': Call(torch.hub.load, '.', 'model'),
    'storage': Call(torch.storage._load_from_bytes, pickle.dumps(RUN)), 'fromfile': Call(np.fromfile, '/etc/passwd'),
    'object array': np.array([RUN], dtype=object), 'path': Path(MARKER), 'class': AnyCase, 'function': place,
    'compile': Call(torch.compile, os.system), 'module': torch.nn.Linear(2, 2), 'set': Call(set, [RUN]),
    'counter': Call(Counter, RUN), 'unlink': Call(os.unlink, 'config.py'), 'exit': Call(os._exit, 0),
    'chdir': Call(os.chdir, '/'), 'kill': Call(os.kill, 0, 9),
}  # fmt: skip
BOMBS: dict[str, Any] = {
    '8 GB': Call(bytearray, 2**33), '1 TB': Call(bytearray, 2**40), 'array of 1 TB': Call(np.ndarray, (2**40,)),
    'array of 8 GB': Call(EMPTY_ARRAY, np.ndarray, (2**33,), b'b'), 'array of shape': Call(np.ndarray, (2**17, 2**16)),
    'string type': Call(np.dtype, f'S{2**31 - 1}'), 'encoded': Call(codecs.encode, 'a' * 10**6, 'utf-32'),
    'set': Call(set, range(10**8)), 'huge number': 10**100000, 'deep list': functools.reduce(lambda a, _: [a], range(300), []),
}  # fmt: skip


def saved(content: Any, **options: Any) -> bytes:
    """What ``torch.save`` writes."""
    with io.BytesIO() as file:
        torch.save(content, file, **options)
        return file.getvalue()


legacy = functools.partial(saved, _use_new_zipfile_serialization=False)


def weights(change: Callable[[dict], Any], save: Callable[[Any], bytes] = saved) -> Change:
    """Give other content, made of the good weights."""

    def changed(data: bytes) -> bytes:
        return save(change(torch.load(io.BytesIO(data), weights_only=True)['state_dict']))

    return raw('toy.pth', changed)


def one(change: Callable[[torch.Tensor], Any]) -> Callable[[dict], dict]:
    """Change one weight."""
    return lambda of: {**of, WEIGHT: change(of[WEIGHT])}


def each(change: Callable[[torch.Tensor], Any]) -> Callable[[dict], dict]:
    """Change all weights but counters."""
    return lambda of: {k: change(w) if w.is_floating_point() else w for k, w in of.items()}


def last(value: float) -> Callable[[torch.Tensor], torch.Tensor]:
    """Put one number at the end of many."""
    return lambda w: torch.cat([w.flatten()[:-1], torch.tensor([value])]).view_as(w)


def script(_: dict) -> bytes:
    """A program of TorchScript."""
    with io.BytesIO() as file:
        torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), file)
        return file.getvalue()


def npz(of: dict) -> bytes:
    """Numpy's archive."""
    with io.BytesIO() as file:
        np.savez(file, **{name: weight.numpy() for name, weight in of.items()})
        return file.getvalue()


def zip_of(**files: bytes) -> bytes:
    """A zip archive as torch's, with some files."""
    with io.BytesIO() as out:
        with zipfile.ZipFile(out, 'w') as archive:
            for name, data in files.items():
                archive.writestr(f'archive/{name}', data)
        return out.getvalue()


STATES: dict[str, Callable[[dict], Any]] = {  # all are refused
    'empty': lambda of: {}, 'empty state_dict': lambda of: dict(state_dict={}), 'a tensor': lambda of: torch.ones(3),
    'a list': lambda of: [of], 'a number': lambda of: 5, 'none': lambda of: dict(state_dict=None),
    'a text': lambda of: dict(state_dict='x'), 'nested': lambda of: dict(state_dict=dict(state_dict=of)),
    'numbers as names': lambda of: dict(enumerate(of.values())), 'a name of bytes': lambda of: {**of, b'a': torch.ones(1)},
    'text as weight': one(lambda w: 'x'), 'none as weight': one(lambda w: None), 'number as weight': one(lambda w: 1.5),
    'list as weight': one(lambda w: w.tolist()), 'one missing': lambda of: {k: of[k] for k in of if k != WEIGHT},
    'all renamed': lambda of: {f'a.{k}': v for k, v in of.items()}, 'of another model': lambda of: torch.nn.Linear(3, 4).state_dict(),
    'one of another shape': one(lambda w: w[:-1]), 'one flat': one(torch.flatten), 'of size 0': one(lambda w: w[:0]),
    'one NaN': one(last(float('nan'))), 'one infinite': one(last(float('inf'))), 'all NaN': each(lambda w: w * float('nan')),
    'integer': one(lambda w: w.int()), 'all integer': each(lambda w: w.long()), 'boolean': one(lambda w: w > 0),
    'complex': one(lambda w: w + 0j), 'on no device': one(lambda w: w.to('meta')), 'all on no device': each(lambda w: w.to('meta')),
    'quantized': one(lambda w: torch.quantize_per_tensor(w, 0.1, 0, torch.qint8)), 'huge expanded': one(lambda w: torch.ones(1).expand(2**34)),
    'overflowing': each(lambda w: w * 1e30), 'variances negative': lambda of: {k: -v if 'var' in k else v for k, v in of.items()},
}  # fmt: skip
UNUSUAL: dict[str, tuple[Callable[[dict], Any], str]] = {
    'array as weight': (one(lambda w: w.numpy()), 'refused|same'), 'one more': (lambda of: {**of, 'other': torch.ones(3)}, 'refused|same'),
    'all zero': (each(torch.zeros_like), 'refused|done'), 'double': (each(lambda w: w.double()), 'same'), 'half': (each(lambda w: w.half()), 'refused|done'),
    'bfloat16': (one(lambda w: w.bfloat16()), 'refused|done'), 'sparse': (one(lambda w: w.to_sparse()), 'refused|same'), 'denormal': (one(last(1e-45)), 'done'),
    'expanded': (one(lambda w: torch.ones(1).expand(w.shape)), 'refused|done'), 'strided': (one(lambda w: w.t().contiguous().t()), 'same'),
    'ordered': (OrderedDict, 'same'), 'under model': (lambda of: dict(model=of), 'same'), 'with module': (lambda of: {f'module.{k}': v for k, v in of.items()}, 'same'),
    'meta of text': (lambda of: dict(state_dict=of, meta='x'), 'refused|same'), 'meta of list': (lambda of: dict(state_dict=of, meta=[1]), 'refused|same'),
}  # fmt: skip
FILES: dict[str, Change] = {  # all are refused
    **{f'cut at {share}': raw('toy.pth', cut(share)) for share in (0, 0.001, 0.1, 0.5, 0.9, 0.999)},
    'flipped in a weight': raw('toy.pth', flip(0.5)), 'zeros in the middle': raw('toy.pth', lambda d: d[:200000] + bytes(9000) + d[209000:]),
    'zipped': raw('toy.pth', gzip.compress), 'HTML': place('toy.pth', '<html>'), 'text': place('toy.pth', 'hello'), 'JSON': place('toy.pth', '{}'),
    'zeros': place('toy.pth', bytes(5000)), 'NPZ': weights(npz, bytes), 'script': weights(script, bytes), 'an empty zip': place('toy.pth', zip_of()),
    'zip without pickle': place('toy.pth', zip_of(a=b'1')), 'zip of an empty pickle': place('toy.pth', zip_of(**{'data.pkl': b'', 'version': b'3'})),
    'zip bomb': lambda folder: (folder / 'bomb.pth').replace(folder / 'toy.pth'), 'unfinished pickle': place('toy.pth', b'\x80\x02}q\x00('),
    'pickle of nothing': place('toy.pth', pickle.dumps(None)), 'legacy format cut': weights(dict, lambda of: legacy(of)[:-5000]),
}  # fmt: skip
HARMLESS: dict[str, tuple[Change, str]] = {
    **{f'flip at {share}': (raw('toy.pth', flip(share)), 'refused|same') for share in (0, 0.0005, 0.01, 0.1, 0.3, 0.7, 0.9, 0.95, 0.97, 0.99)},
    'junk after': (raw('toy.pth', lambda data: data + b'junk' * 50), 'refused|same'), 'twice': (raw('toy.pth', lambda data: data * 2), 'refused|same'),
    'junk before': (raw('toy.pth', lambda data: b'junk' * 50 + data), 'refused|same'), 'legacy format': (weights(dict, legacy), 'refused|same'),
    'legacy format flipped': (weights(dict, lambda of: flip(0.01)(legacy(of))), 'refused|done'),  # it has no check sum
}  # fmt: skip
SAFE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    'whole': (bytes, 'same'), 'cut': (cut(0.999), 'refused'), 'flip': (flip(0.001), 'refused|same'), 'empty': (cut(0), 'refused'),
    'header of 2**60': (lambda d: b'\xff' * 7 + b'\x0f' + d[8:], 'refused'), 'text': (lambda _: b'hello, world', 'refused'), 'a pickle': (lambda _: saved({}), 'refused'),
}  # fmt: skip
IN_OTHERS = (
    'one NaN',
    'all NaN',
    'integer',
    'one infinite',
    'empty',
    'of another model',
    'complex',
    'all on no device',
    'text as weight',
)
IN_OTHERS += (
    'cut at 0.5',
    'flipped in a weight',
    'HTML',
    'zip bomb',
    'zeros',
    'not there',
    'a folder',
    'a pipe',
    'a device',
)


def part_of(name: str, value: Any) -> Change:
    """A checkpoint to resume from, with another value in one place, or none."""

    def changed(folder: Path) -> None:
        content = torch.load(folder / 'resume.pth', weights_only=False)
        content = {k: value if k == name else v for k, v in content.items() if k != name or value}
        write(folder / 'resume.pth', saved(content))

    return changed


def cases() -> Iterator[AnyCase]:
    """All cases of this door."""
    refused = {f'weights: {name}': weights(change) for name, change in STATES.items()}
    refused |= {
        f'file: {name}': change for name, change in (FILES | dict(no_files('toy.pth'))).items()
    }
    for name, content in HOSTILE.items():
        refused[f'code: {name}'] = weights(lambda of, c=content: dict(state_dict=of, meta=c))
        refused[f'bare code: {name}'] = weights(
            lambda of, c=content: c, lambda c: pickle.dumps(c, 2)
        )
    for name, change in refused.items():
        yield Case(name, TEST, change=change)
        if name.partition(': ')[2] in IN_OTHERS:
            for tool, command in OTHERS.items():
                yield Case(f'{tool}: {name}', command, change=change)
    for name, content in BOMBS.items():
        change = weights(lambda of, c=content: dict(state_dict=of, meta=c))
        yield Case(f'bomb: {name}', TEST, 'refused|same', change, megabytes=400)
    for name, (other, expect) in UNUSUAL.items():
        yield Case(f'weights: {name}', TEST, expect, weights(other))
    for name, (change, expect) in HARMLESS.items():
        yield Case(f'file: {name}', TEST, expect, change)
    for name, (broken, expect) in SAFE.items():
        command = TEST.replace('toy.pth', 'toy.safetensors')
        yield Case(f'safetensors: {name}', command, expect, raw('toy.safetensors', broken))
    resume = {
        name: raw('resume.pth', broken)
        for name, broken in dict(cut=cut(0.5), flip=flip(0.5), empty=cut(0)).items()
    }
    for part in ('optimizer', 'param_schedulers', 'message_hub', 'meta', 'state_dict'):
        for name, value in dict(missing=None, text='x', list=[1], dict={'a': 1}).items():
            resume[f'{part} {name}'] = part_of(part, value)
    for name, change in resume.items():
        expect = 'refused|done' if name == 'message_hub missing' else 'refused'
        yield Case(f'resume: {name}', f'{RESUME} train_cfg.max_epochs=2', expect, change)
