# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A small checkpoint with all that one may hold, and files of it that nothing honest writes."""

import io
import pickle
import zipfile
from collections import Counter, OrderedDict
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer


def small_checkpoint() -> dict:
    """All kinds of objects that MMEngine's checkpoints hold."""
    weights = OrderedDict(weight=torch.arange(6.0).view(2, 3), half=torch.ones(2).half())
    weights['tied'] = weights['weight']
    weights['bias'] = weights['weight'].T[1]  # not contiguous
    weights |= dict(steps=torch.tensor(3), empty=torch.empty(0, 4), double=torch.ones(1).double())
    weights._metadata = {'': dict(version=1)}
    meta = {'epoch': 1, (0, 'left'): 2} | dict(
        array=np.arange(6.0).reshape(2, 3), scalar=np.float32(2), raw=b'\xff'
    )
    meta |= dict(text=np.array(['a', 'bc']), numbers={1, 2}, size=torch.Size([2]), empty=np.ones(0))
    meta |= dict(device=torch.device('cpu'), dtype=torch.half, steps=Counter([1, 1]), complex=1j)
    hub = dict(log_scalars=OrderedDict(loss=HistoryBuffer([1.0, 3.0], [1, 1])), runtime_info={})
    moments = dict(step=torch.tensor(1.0), exp_avg=torch.nn.Parameter(torch.ones(2)))
    optimizer = dict(state={0: moments}, param_groups=[dict(lr=0.1, params=[0])])
    return dict(meta=meta, state_dict=weights, message_hub=hub, optimizer=optimizer)


def saved(checkpoint: Any, **options: bool) -> bytes:
    """What torch.save writes."""
    with io.BytesIO() as file:
        torch.save(checkpoint, file, **options)
        return file.getvalue()


def entries(content: bytes) -> dict[str, bytes]:
    """Name -> bytes of the entries of a zip."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {entry.filename: archive.read(entry) for entry in archive.infolist()}


def zipped(*named: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with true check sums."""
    with io.BytesIO() as file:
        with zipfile.ZipFile(file, 'w', compression) as archive:
            for name, content in named:
                archive.writestr(name, content)
        return file.getvalue()


def with_pickle(pickled: bytes, file: bytes | None = None) -> bytes:
    """A file of torch with another pickle; by default ``data/0`` is float32, (6,)."""
    parts = entries(file or saved(torch.arange(6.0)))
    return zipped(*(parts | {'archive/data.pkl': pickled}).items())


# A pickle by hand. Values are text, numbers, None, tuples, and what these functions return.


class Code(bytes):
    """Instructions of a pickle that leave one object on its stack."""


def named(name: str) -> Code:
    """An object by its name."""
    module, _, last = name.rpartition('.')
    return Code(f'c{module}\n{last}\n'.encode())


def code(value: Any) -> Code:
    """Instructions that make a value."""
    if isinstance(value, Code):
        return value
    if isinstance(value, tuple):
        return Code(b'(' + b''.join(map(code, value)) + b't')
    return Code(pickle.dumps(value, protocol=2)[2:-1])


def call(name: str, *args: Any) -> Code:
    """The result of a call."""
    return Code(named(name) + code(args) + b'R')


def stored(count: int, kind: str = 'torch.FloatStorage', key: str = '0') -> Code:
    """The elements of a tensor in the file."""
    return Code(code(('storage', named(kind), key, 'cpu', count)) + b'Q')


def tensor(size: Any, stride: Any, offset: int = 0, *rest: Any, count: int = 6) -> Code:
    """A tensor in the file."""
    rebuild = 'torch._utils._rebuild_tensor_v2'
    return call(rebuild, stored(count), offset, size, stride, *(rest or (False, None)))


def pickled(**entries: Any) -> bytes:
    """A pickle of a dictionary."""
    items = b''.join(code(key) + code(value) for key, value in entries.items())
    return b'\x80\x02}(' + items + b'u.'
