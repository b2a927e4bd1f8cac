# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What may stand in a checkpoint, and how much of it.

Python's own unpickler imports and calls whatever a pickle names. Torch's ``weights_only=True``
calls only what is on its list, but some of that makes as much memory as a number in the file says
(``bytearray(2**33)``, storages), and the list is another one in each version. Here is the list of
what MMEngine's checkpoints and published weights hold, and nothing on it makes more than the bytes
of the file pay for.
"""

import re
from collections import Counter, OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

OBJECT, ITEM = 128, 64  # what an object, and a place in a collection, cost: about their bytes
PER_BYTE, ALLOWANCE = 4, 2**27  # what a file may spend: for each of its bytes, and in any case
KEYS = (str, bytes, int, float, bool, type(None))
SMALL_INTEGER = 2**60  # many larger ones have one hash: a dictionary of them would take for ever
STORED = {
    **dict(Float=torch.float32, Half=torch.float16, BFloat16=torch.bfloat16, Double=torch.float64),
    **dict(Long=torch.int64, Int=torch.int32, Short=torch.int16, Char=torch.int8),
    **dict(Byte=torch.uint8, Bool=torch.bool),
}


class NotAllowedError(Exception):
    """A pickle holds what no weights need; the message names it."""


class Budget:
    """The memory that a file may ask for: a multiple of its own size, and a constant.

    Args:
        file_size: In bytes.
    """

    def __init__(self, file_size: int) -> None:
        self.left = PER_BYTE * file_size + ALLOWANCE

    def spend(self, amount: int) -> None:
        """Pay for bytes before they are made.

        Raises:
            ValueError: The file is too small for what it says that it holds.
        """
        self.left -= amount
        if self.left < 0:
            raise ValueError('it declares more than a file of its size can hold')


@dataclass(frozen=True)
class Constructor:
    """What stands for a function that a pickle may call.

    Attributes:
        make: It, called with the budget and the arguments of the pickle.
    """

    make: Callable[..., Any]


def checked_key(key: Any) -> Any:
    """Return what can be a key; others could take for ever to compute a hash of.

    Raises:
        NotAllowedError: It cannot.
    """
    for part in key if type(key) is tuple and len(key) < 9 else (key,):
        if type(part) not in KEYS or (type(part) is int and abs(part) >= SMALL_INTEGER):
            raise NotAllowedError(f'a key of type {type(part).__name__}')
    return key


def paid(budget: Budget, items: Any) -> Any:
    """Return a plain collection after paying for a copy of it.

    Raises:
        NotAllowedError: It is none.
    """
    if type(items) not in (list, tuple, dict):
        raise NotAllowedError(f'a collection made of {type(items).__name__}')
    budget.spend(ITEM * len(items))
    return items


def raw_array(budget: Budget, raw: Any, dtype: Any, count: int = -1) -> np.ndarray:
    """Return what a numpy array holds, (n,).

    Args:
        budget: Pays for a copy of it.
        raw: The bytes.
        dtype: Of its elements.
        count: Number of elements; as many as there are by default.

    Raises:
        NotAllowedError: There are no bytes.
    """
    if type(raw) is not bytes:
        raise NotAllowedError('a numpy array without bytes')
    array = np.frombuffer(raw, dtype, count)
    budget.spend(OBJECT + array.nbytes)
    return array


def _ordered_dict(budget: Budget, pairs: Any = ()) -> OrderedDict:
    return OrderedDict((checked_key(key), value) for key, value in paid(budget, pairs))


def _counter(budget: Budget, counts: Any) -> Counter:
    return Counter({checked_key(key): count for key, count in paid(budget, counts).items()})


def _set(budget: Budget, items: Any = ()) -> set:
    return {checked_key(item) for item in paid(budget, items)}


def _encode(budget: Budget, text: Any, encoding: Any) -> bytes:
    """Make bytes, which protocol 2 writes as text."""
    if type(text) is not str or encoding not in ('latin1', 'latin-1'):
        raise NotAllowedError('_codecs.encode')
    budget.spend(len(text))
    return text.encode('latin1')


def _statistic(_: Budget, owner: Any, name: Any) -> None:
    """Stand for a log buffer's reference to its statistics, which it has anyway."""
    if owner is not HistoryBuffer or name not in ('mean', 'max', 'min', 'current'):
        raise NotAllowedError('builtins.getattr')


def _dtype(_: Budget, code: Any, *__: Any) -> np.dtype:
    if not re.fullmatch(r'[biuf]\d\d?|[SU]\d{1,6}', code):
        raise NotAllowedError('a numpy array of neither numbers nor text')
    return np.dtype(code)


def _tensor(budget: Budget, stored: Any, offset: Any, size: Any, stride: Any, *rest: Any) -> Tensor:
    """Make a view of a stored tensor; ``rest`` is requires_grad, backward hooks, metadata."""
    if not all(type(length) is int for length in paid(budget, size)):
        raise NotAllowedError('a tensor of no size')
    if len(rest) > 2 and rest[2]:
        raise NotAllowedError('a conjugated tensor')
    budget.spend(OBJECT + prod(size) * stored.element_size())  # it may repeat what is stored once
    view = stored.as_strided(size, stride, offset)  # checks that it lies within
    return torch.empty(0, dtype=stored.dtype).set_(view)


def _parameter(_: Budget, data: Any, *__: Any) -> Tensor:
    if not isinstance(data, Tensor):
        raise NotAllowedError(f'a parameter made of {type(data).__name__}')
    return data


def _allowed_objects() -> dict[str, Any]:
    """Name in the pickle -> what it stands for."""
    allowed: dict[str, Any] = {
        'builtins.getattr': Constructor(_statistic),
        'builtins.set': Constructor(_set),
        'builtins.bytes': Constructor(lambda _: b''),  # protocol 2 writes others by encode
        'builtins.complex': Constructor(lambda _, real, imaginary: complex(real, imaginary)),
        '_codecs.encode': Constructor(_encode),
        'collections.OrderedDict': Constructor(_ordered_dict),
        'collections.Counter': Constructor(_counter),
        'mmengine.logging.history_buffer.HistoryBuffer': HistoryBuffer,
        'numpy.ndarray': np.ndarray,
        'numpy.dtype': Constructor(_dtype),
        'torch.Size': Constructor(lambda budget, sizes: torch.Size(paid(budget, sizes))),
        'torch.device': Constructor(lambda _, *name: torch.device(*name)),
        'torch._utils._rebuild_tensor': Constructor(_tensor),
        'torch._utils._rebuild_tensor_v2': Constructor(_tensor),
        'torch._utils._rebuild_parameter': Constructor(_parameter),
        'torch._utils._rebuild_parameter_with_state': Constructor(_parameter),
    }
    array = Constructor(lambda _, *__: np.zeros(0))  # its state follows
    scalar = Constructor(lambda budget, dtype, raw: raw_array(budget, raw, dtype, 1)[0])
    for package in ('numpy.core', 'numpy._core'):  # renamed in numpy 2
        allowed[f'{package}.multiarray._reconstruct'] = array
        allowed[f'{package}.multiarray.scalar'] = scalar
    for name, dtype in STORED.items():
        allowed[f'torch.{name}Storage'] = allowed[str(dtype)] = dtype
    return allowed


ALLOWED = _allowed_objects()
