# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read a pickle as data: Python's unpickler, which makes only what is allowed and paid for."""

import pickle
from collections import Counter, OrderedDict
from collections.abc import Callable
from typing import IO, Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer
from torch import Tensor

from sdpose.checkpoints.allowed_objects import (
    ALLOWED,
    ITEM,
    OBJECT,
    Budget,
    Constructor,
    NotAllowedError,
    checked_key,
    raw_array,
)

PythonUnpickler: Any = pickle._Unpickler  # type: ignore[attr-defined]
LONGEST_NAME = 256  # characters of an object's name

# What torch.save writes: protocol 2, without its other ways to import and to call.
OPCODES = (
    *(pickle.PROTO + pickle.STOP + pickle.GLOBAL + pickle.REDUCE + pickle.NEWOBJ + pickle.BUILD),
    *(pickle.BINPERSID + pickle.MARK + pickle.APPEND + pickle.APPENDS + pickle.SETITEM),
    *(pickle.SETITEMS + pickle.TUPLE + pickle.TUPLE1 + pickle.TUPLE2 + pickle.TUPLE3),
    *(pickle.EMPTY_TUPLE + pickle.EMPTY_LIST + pickle.EMPTY_DICT + pickle.NONE),
    *(pickle.NEWFALSE + pickle.NEWTRUE + pickle.BININT + pickle.BININT1 + pickle.BININT2),
    *(pickle.BINFLOAT + pickle.LONG1 + pickle.BINUNICODE + pickle.SHORT_BINSTRING),
    *(pickle.BINGET + pickle.LONG_BINGET + pickle.BINPUT + pickle.LONG_BINPUT),
)


class _Metered:
    """A file of which each piece that is read is paid for."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self.file = file
        self.budget = budget

    def read(self, count: int) -> bytes:
        self.budget.spend(OBJECT + count)
        return self.file.read(count)

    def readline(self) -> bytes:
        self.budget.spend(OBJECT)
        return self.file.readline(LONGEST_NAME)


class DataUnpickler(PythonUnpickler):
    """Python's unpickler, which makes only what is allowed and paid for.

    Args:
        file: It is read to the end of the pickle.
        budget: Of the whole file.
        find_stored: Called with the key of a stored tensor and its size in bytes; returns these
            bytes, uint8, (size,).

    Attributes:
        stored: Key -> all elements of a stored tensor, (n,), of which tensors are views.
    """

    def __init__(
        self, file: IO[bytes], budget: Budget, find_stored: Callable[[str, int], Tensor]
    ) -> None:
        super().__init__(_Metered(file, budget), encoding='utf-8')
        self.budget = budget
        self.find_stored = find_stored
        self.stored: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        """Look a name up in the list; nothing is imported.

        Raises:
            NotAllowedError: It is not on the list.
        """
        module = 'builtins' if module == '__builtin__' else module  # as protocol 2 names it
        if f'{module}.{name}' not in ALLOWED:
            raise NotAllowedError(f'{module}.{name}')
        return ALLOWED[f'{module}.{name}']

    def persistent_load(self, pid: Any) -> Tensor:
        """Return all elements of a stored tensor, (n,).

        Raises:
            NotAllowedError: It is no tensor.
            ValueError: It has another size elsewhere.
        """
        kind, dtype, key, _, count, *views = pid if len(pid) < 7 else [None] * 5
        if kind != 'storage' or not isinstance(dtype, torch.dtype) or any(views):
            raise NotAllowedError('a stored object that is no tensor')
        if type(key) is not str or type(count) is not int or count < 0:
            raise ValueError('a stored tensor has no size')
        if key not in self.stored:
            size = count * torch.empty(0, dtype=dtype).element_size()
            self.stored[key] = self.find_stored(key, size).view(dtype)
        stored = self.stored[key]
        if stored.dtype != dtype or len(stored) != count:
            raise ValueError('a stored tensor has two sizes')
        return stored

    def load_proto(self) -> None:
        """Read the version of the format."""
        version = self.read(1)[0]
        if version != 2:
            raise NotAllowedError(f'a pickle of protocol {version}, where torch.save writes 2')

    def load_reduce(self) -> None:
        """Call a constructor."""
        args, constructor = self.stack.pop(), self.stack[-1]
        if not isinstance(constructor, Constructor) or type(args) is not tuple:
            raise NotAllowedError(f'a call of {type(constructor).__name__}')
        self.budget.spend(ITEM * len(args))
        self.stack[-1] = constructor.make(self.budget, *args)

    def load_newobj(self) -> None:
        """Make an object, whose state follows."""
        args, cls = self.stack.pop(), self.stack.pop()
        if cls is not HistoryBuffer or args:
            raise NotAllowedError('a new object')
        self.append(HistoryBuffer())

    def load_build(self) -> None:
        """Give an object its state."""
        state, target = self.stack.pop(), self.stack[-1]
        if type(target) is OrderedDict:  # of weights: the versions of their modules
            if not isinstance(state['_metadata'], dict):
                raise NotAllowedError('versions of modules that are none')
            target.__dict__['_metadata'] = state['_metadata']
        elif type(target) is HistoryBuffer:
            values, counts = state['_log_history'], state['_count_history']
            self.budget.spend(values.nbytes + counts.nbytes)
            target.__init__(values, counts, state['max_length'])  # type: ignore[misc]
        elif isinstance(target, np.dtype):  # its code has said the rest
            if state[1] not in ('<', '|', '='):
                raise NotAllowedError('a numpy array of a big-endian machine')
        elif type(target) is np.ndarray:
            _, shape, dtype, is_fortran, raw = state
            array = raw_array(self.budget, raw, dtype)
            array = array.reshape(shape, order='F' if is_fortran else 'C')
            checked: Any = array.__reduce__()[2]  # numpy would believe the file's own
            target.__setstate__(checked)
        else:
            raise NotAllowedError(f'a state of {type(target).__name__}')

    def load_setitem(self) -> None:
        """Put a value into a dictionary."""
        value, key = self.stack.pop(), self.stack.pop()
        self._put([key, value])

    def load_setitems(self) -> None:
        """Put several values into a dictionary."""
        self._put(self.pop_mark())

    def _put(self, items: list) -> None:
        target = self.stack[-1]
        if type(target) not in (dict, OrderedDict, Counter):
            raise NotAllowedError(f'an item of {type(target).__name__}')
        for key, value in zip(items[::2], items[1::2], strict=True):
            target[checked_key(key)] = value


class _Opcodes(dict):
    def __missing__(self, code: int) -> None:
        raise NotAllowedError(f'the pickle instruction {code}')


DataUnpickler.dispatch = _Opcodes(
    (code, getattr(DataUnpickler, DataUnpickler.dispatch[code].__name__)) for code in OPCODES
)
