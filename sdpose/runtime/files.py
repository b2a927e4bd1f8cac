# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Write files whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sdpose.errors import InputError, reason


def write_whole(path: Path, data: bytes) -> None:
    """Write beside a file, then put the result in its place.

    A program that is killed meanwhile leaves the old file, or none, never half of one.

    Args:
        path: Where; missing folders are made.
        data: What to write.

    Raises:
        OSError: It cannot be written; the message says so, and ``filename`` is the path.
    """
    # a name may be as long as the file system allows, but not longer
    begin = os.fsdecode(os.fsencode(path.name)[:200])
    partial = path.with_name(f'.{begin}.{os.getpid()}.partial')
    with _naming(path):
        _refuse_others(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with partial.open('wb') as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def check_is_file(path: Path, what: str) -> None:
    """Refuse what cannot be read as a file: a pipe or a device would be read for ever.

    Args:
        path: What the user gave.
        what: It should be, for the message, e.g. ``checkpoint``.

    Raises:
        InputError: It is missing, a link to nothing, a folder, a pipe or a device.
    """
    try:
        is_file, exists, is_link = path.is_file(), path.exists(), path.is_symlink()
    except OSError as error:  # a name that is too long
        raise InputError(f'{path} cannot be looked at: {reason(error)}.') from error
    if is_file:
        return
    if exists:
        kind = 'a folder' if path.is_dir() else 'a pipe or a device'
        raise InputError(f'{path} is {kind}, not a {what}.')
    if is_link:
        raise InputError(f'{path} is a link to {path.readlink()}, which is not there.')
    raise InputError(f'There is no {what} {path}.')


def check_is_utf8(path: Path) -> None:
    """Refuse the name of a video that OpenCV would end the program on, by a segmentation fault.

    Raises:
        InputError: The name is not UTF-8.
    """
    try:
        str(path).encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f'{path}: OpenCV reads and writes videos only where their names are UTF-8: rename it.'
        ) from error


def check_writable(path: Path) -> None:
    """Find out before long work whether its result can be written.

    Raises:
        OSError: It cannot.
    """
    with _naming(path):
        _refuse_others(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path.parent):
            pass


def _refuse_others(path: Path) -> None:
    """Refuse what is no file: a file would take the place of a device."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, f'it is {"a folder" if path.is_dir() else "a pipe or device"}')


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Let an ``OSError`` say that it is this file that cannot be written, and why."""
    try:
        yield
    except OSError as error:
        no_folder = isinstance(error, FileExistsError | NotADirectoryError)
        why = f'{error.filename} is no folder' if no_folder else reason(error)
        raise OSError(error.errno, f'it cannot be written ({why})', str(path)) from error
