# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import contextlib
import io
import pickle
import time
from pathlib import Path

import pytest
import torch
from small_checkpoint import Code, call, code, named, stored, tensor

from sdpose.checkpoints.allowed_objects import Budget, NotAllowedError
from sdpose.checkpoints.data_unpickler import DataUnpickler

MB = 2**20


def load(content, size=1000):
    """Unpickle it as a part of a file of some size, with 24 bytes in each stored tensor."""

    def find_stored(key, bytes_asked):
        if bytes_asked != 24:
            raise ValueError('the file has 24')
        return torch.arange(6.0).view(torch.uint8)

    return DataUnpickler(io.BytesIO(content), Budget(size), find_stored).load()


def memory(key):
    """A figure of this process in MB: VmRSS, or VmHWM, the peak."""
    line = next(x for x in Path('/proc/self/status').read_text().splitlines() if key in x)
    return int(line.split()[1]) / 1024


def many(constructor, argument, times=10**6):
    """Call a constructor with the same argument again and again."""
    keep = code(argument) + b'\x85q\x00' + named(constructor) + b'q\x01'
    return Code(keep + b'](' + b'h\x01h\x00R' * times + b'e')


REFUSED = {
    'a function': named('os.system'),
    'a call': call('os.system', 'true'),
    'an import in other ways': Code(b'(S"true"\nios\nsystem\n'),
    'builtins': call('builtins.eval', '1'),
    'an attribute': call('builtins.getattr', named('numpy.ndarray'), 'tofile'),
    'a call of a class': call('mmengine.logging.history_buffer.HistoryBuffer', 1),
    'an object of a class': Code(named('numpy.ndarray') + code((2**40,)) + b'\x81'),
    'a bytearray of 8 GB': call('builtins.bytearray', 8_000_000_000),
    'a bytearray of 1 TB': call('builtins.bytearray', 2**40),
    'a tensor of 40 GB': call('torch.FloatTensor', 10**10),
    'a storage of 10 GB': call('torch.storage.UntypedStorage', 10**10),
    'a meta tensor': call(
        'torch._utils._rebuild_meta_tensor_no_storage', named('torch.float32'), (2,), (1,), False
    ),
    'a sparse tensor': call('torch._utils._rebuild_sparse_tensor', 0, ()),
    'a quantized tensor': call('torch._utils._rebuild_qtensor'),
    'complex numbers': stored(3, 'torch.ComplexFloatStorage'),
    'a conjugated tensor': tensor((6,), (1,), 0, False, None, {'conj': True}),
    'a module': Code(code(('module', named('torch.float32'), '0', 'cpu', 6)) + b'Q'),
    'text that is compressed': call('_codecs.encode', 'a', 'zlib'),
    'bytes of bytes': call('_codecs.encode', call('_codecs.encode', 'a', 'latin1'), 'hex'),
    'an array of objects': call('numpy.dtype', 'O8', False, True),
    'another protocol': Code(b'\x80\x04N'),
    'a key of tuples': Code(b'}' + code((1, (2,))) + b'Ns'),
    'a long key': Code(b'}' + code((1,) * 9) + b'Ns'),
    'keys of equal hashes': Code(b'}' + code(2**61 - 1) + b'Ns'),
    'an item of a tensor': Code(tensor((6,), (1,)) + code(0) + code(0) + b's'),
    'a state of a tensor': Code(tensor((6,), (1,)) + code({}) + b'b'),
    'a set of the rows of a tensor': call('builtins.set', tensor((6,), (1,))),
}


@pytest.mark.parametrize('content', REFUSED.values(), ids=REFUSED)
def test_what_is_not_allowed(content):
    with pytest.raises(NotAllowedError):
        load(b'\x80\x02' + content + b'.')


def state_of_array(shape, dtype='f8', raw='12345678'):
    empty = call('numpy.core.multiarray._reconstruct', named('numpy.ndarray'), (0,), 'b')
    raw = call('_codecs.encode', raw, 'latin1')
    state = (1, shape, call('numpy.dtype', dtype, False, True), False, raw)
    return Code(empty + code(state) + b'b')


DAMAGE = (ValueError, RuntimeError, TypeError, EOFError, LookupError, pickle.UnpicklingError)
DAMAGED = {
    'a tensor that is larger than stored': stored(2**40),
    'a tensor of negative size': stored(-6),
    'a tensor of two sizes': code((stored(6), stored(3, 'torch.DoubleStorage'))),
    'a view beyond the end': tensor((7,), (1,)),
    'a view before the start': tensor((2,), (1,), -1),
    'a stride beyond the end': tensor((2,), (2**62,)),
    'a negative stride': tensor((2,), (-1,), 5),
    'a negative size': tensor((-1,), (1,)),
    'a size beyond all': tensor((2**32, 2**32), (0, 0)),
    'one element as a terabyte': tensor((2**40,), (0,)),
    'an array beyond its bytes': state_of_array((2**40,)),
    'an array of negative sizes': state_of_array((-1, -1)),
    'text beyond its bytes': state_of_array((1,), 'S999999'),
    'a number without bytes': call(
        'numpy.core.multiarray.scalar', call('numpy.dtype', 'f8', False, True), b''
    ),
    'nothing on the stack': Code(b'R'),
    'nothing in the memo': Code(b'h\x07'),
    'text beyond the end': Code(b'X\xff\xff\xff\x7fabc'),
    'text that is none': Code(b'X\x02\x00\x00\x00\xff\xff'),
}


@pytest.mark.parametrize('content', DAMAGED.values(), ids=DAMAGED)
def test_numbers_in_the_file_make_nothing(content):
    with pytest.raises(DAMAGE):
        load(b'\x80\x02' + content + b'.')


TEXT = call('_codecs.encode', 'x' * 10**6, 'latin1')
BOMBS = {
    'empty dictionaries': Code(b'}' * 10**7),
    'lists in lists': Code(b']' * 10**5 + b'a' * (10**5 - 1)),
    'keys of the memo': Code(b'N' + b''.join(b'r' + i.to_bytes(4, 'little') for i in range(10**6))),
    'a memo of 4 billion': Code(b'Nr\xff\xff\xff\xff'),
    'sets of one list': many('builtins.set', Code(b'](' + b'N' * 10**5 + b'e')),
    'arguments': Code(b'(' + b'N' * 10**5 + b't' + b'q\x00' + many('numpy.dtype', 'f8')),
    'tensors': many('torch._utils._rebuild_parameter', tensor((6,), (1,))),
    'bytes': Code(code('x' * 10**6) + b'X\x06\0\0\0latin1\x86q\x00')
    + named('_codecs.encode')
    + b'q\x01]('
    + b'h\x01h\x00R' * 10**5
    + b'e',
}


@pytest.mark.parametrize('content', BOMBS.values(), ids=BOMBS)
def test_memory_is_in_proportion_to_the_file(content):
    Path('/proc/self/clear_refs').write_text('5')  # the peak is counted anew
    before, start = memory('VmRSS'), time.monotonic()
    with contextlib.suppress(ValueError):
        load(b'\x80\x02' + content + b'.', size=len(content))
    assert memory('VmHWM') - before < 200 + 4 * len(content) / MB
    assert time.monotonic() - start < 10


def test_dictionaries_whose_keys_would_take_for_ever():
    twice = b')' + b'q\x00h\x00\x86' * 60  # 2**60 empty tuples, to be hashed one by one
    for use in (b'}' + twice + b'Ns', call('builtins.set', Code(b'](' + twice + b'e'))):
        with pytest.raises(NotAllowedError, match='a key of type tuple'):
            load(b'\x80\x02' + use + b'.')
