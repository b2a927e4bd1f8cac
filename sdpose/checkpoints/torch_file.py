# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read what ``torch.save`` wrote: the zip of today, and the format before torch 1.6.

Torch's own reader checks no check sums, and finds the parts of a zip in its own way; so here what
is checked is what is read. On the other hand the format before has no check sums.
"""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sdpose.checkpoints.allowed_objects import Budget
from sdpose.checkpoints.data_unpickler import DataUnpickler

ZIP_START = b'PK\x03\x04'
# the pickle of torch's magic number
LEGACY_START = b'\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.'
LARGEST_DIRECTORY = 2**22  # bytes of a zip's table of contents: some 50,000 tensors
CHUNK = 2**20


class OtherFileError(Exception):
    """It is no file of torch at all."""


def read_torch_file(path: Path) -> Any:
    """Read a file of ``torch.save``; its tensors come on the CPU.

    Args:
        path: A file that is there.

    Returns:
        What was saved.

    Raises:
        OtherFileError: Its first bytes are others.
        NotAllowedError: It holds what no weights need.
        OSError: It cannot be read.
        Exception: It is damaged; which exception depends on how.
    """
    with path.open('rb') as file:
        budget = Budget(os.fstat(file.fileno()).st_size)
        start = file.read(len(LEGACY_START))
        if start.startswith(ZIP_START):
            return _read_zip(file, budget)
        if start == LEGACY_START:
            return _read_legacy(file, budget)
    raise OtherFileError


def _read_zip(file: io.BufferedReader, budget: Budget) -> Any:
    """Read a zip: pickle ``ROOT/data.pkl``, tensors ``ROOT/data/KEY``."""
    ending = zipfile._EndRecData(file)  # type: ignore[attr-defined]
    if ending and ending[zipfile._ECD_SIZE] > LARGEST_DIRECTORY:  # type: ignore[attr-defined]
        raise ValueError('its table of contents is too large')
    with zipfile.ZipFile(file) as archive:
        entries = {entry.filename: entry for entry in archive.infolist()}
        sizes = sum(entry.file_size for entry in archive.infolist())
        if len(entries) < len(archive.infolist()) or sizes > file.seek(0, os.SEEK_END):
            raise ValueError('its parts overlap')
        pickles = [name for name in entries if name.endswith('/data.pkl')]
        if len(pickles) != 1:
            raise OtherFileError
        root = pickles[0].removesuffix('data.pkl')

        def read(name: str, size: int | None = None) -> Tensor:
            entry = entries.get(root + name)
            if entry is None:
                raise ValueError(f'{name} is missing')
            if entry.compress_type != zipfile.ZIP_STORED:
                raise ValueError('it is compressed, as torch.save does not')
            if size is not None and entry.file_size != size:
                raise ValueError(f'{name} has {entry.file_size} bytes instead of {size}')
            content = torch.empty(entry.file_size, dtype=torch.uint8)
            with archive.open(entry) as stored:
                _fill(content, stored)
            return content

        if root + 'byteorder' in entries and bytes(read('byteorder')) != b'little':
            raise ValueError('it was written on a big-endian machine')
        pickled = io.BytesIO(read('data.pkl').numpy().data)
        return DataUnpickler(pickled, budget, lambda key, size: read(f'data/{key}', size)).load()


def _read_legacy(file: io.BufferedReader, budget: Budget) -> Any:
    """Read pickles of a version, the system, the object, and keys; then the tensors."""
    end = file.seek(0, os.SEEK_END)
    file.seek(len(LEGACY_START))
    declared = 0

    def make(_: str, size: int) -> Tensor:
        nonlocal declared
        declared += size
        if declared > end:
            raise ValueError('it declares more than it holds')
        return torch.empty(size, dtype=torch.uint8)

    unpickler = DataUnpickler(file, budget, make)
    version, system, checkpoint, keys = (unpickler.load() for _ in range(4))
    if version != 1001 or not system['little_endian']:
        raise ValueError('it was written on a big-endian machine, or by an unknown version')
    if sorted(keys) != sorted(unpickler.stored):
        raise ValueError('it holds other tensors than it declares')
    for key in keys:
        stored = unpickler.stored[key]
        if int.from_bytes(file.read(8), 'little') != len(stored):
            raise ValueError('a tensor has another size than declared')
        _fill(stored, file)
    return checkpoint


def _fill(tensor: Tensor, file: Any) -> None:
    """Read all bytes of a tensor, and then nothing more, which is where zipfile checks sums."""
    rest: Any = tensor.view(torch.uint8).numpy().data
    while rest:
        count = file.readinto(rest[:CHUNK])
        if not count:
            raise EOFError('it is cut off')
        rest = rest[count:]
