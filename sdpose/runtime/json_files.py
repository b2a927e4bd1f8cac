# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""JSON files that are read with clear errors, and lists that grow without ever being broken."""

import errno
import json
import os
import reprlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdpose.errors import InputError, reason
from sdpose.runtime.files import check_is_file, write_whole

LARGEST = 1 << 30  # bytes; COCO's largest file has a quarter of that
SHORT = reprlib.Repr()
SHORT.maxlevel = 2
END_OF_LIST = b'\n]\n'


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path: A file.

    Returns:
        What is in it, with NaN and infinity where it has them: who takes numbers checks them.

    Raises:
        InputError: It is missing, cannot be read, is too large, or is broken.
    """
    path = Path(path)
    check_is_file(path, 'file')
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(f'{path} has more than {LARGEST >> 30} GB: it is no JSON of ours.')
        data = path.read_bytes()
        encoding = json.detect_encoding(data)
        if not encoding.startswith('utf-8'):
            raise InputError(
                f'{path} is written in {encoding.upper()}, or is no text at all: '
                'save it as JSON in UTF-8.'
            )
        return json.loads(data)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f'{path} cannot be read: {reason(error)}.') from error
    except RecursionError as error:
        raise InputError(f'{path} is not JSON that can be read: too deeply nested.') from error
    except MemoryError as error:
        raise InputError(f'{path} needs more memory than there is.') from error
    except ValueError as error:
        # Python's advice about integers of more than 4300 digits is none for users
        raise InputError(f'{path} is not JSON: {str(error).partition(";")[0]}.') from error


def shown(value: Any) -> str:
    """Write a value out of a JSON file into a message: at most 100 letters of it."""
    text = SHORT.repr(value)
    return text if len(text) <= 100 else f'{text[:97]}...'


class JsonListFile:
    """A JSON list on disk that is whole after every :meth:`extend`, so that a kill loses nothing.

    New entries and a new end of the list replace the old end in one write. The cost of a write
    does not grow with the list, and there is nothing to finish at the end. One entry a line.

    Args:
        path: A new or old file; an old one is replaced, by an empty list at first.

    Raises:
        OSError: It cannot be written.
    """

    def __init__(self, path: Path) -> None:
        write_whole(path, b'[' + END_OF_LIST)
        self._path = path
        self._file = path.open('r+b', buffering=0)
        self._end = 1  # where END_OF_LIST begins

    def extend(self, entries: Sequence[Any]) -> None:
        """Append entries.

        Args:
            entries: Anything that JSON can hold; NaN and infinity it cannot.

        Raises:
            OSError: The disk is full; the list is then what it was before.
        """
        if not entries:
            return
        lines = ',\n'.join(json.dumps(entry, allow_nan=False) for entry in entries).encode()
        text = (b'\n' if self._end == 1 else b',\n') + lines
        self._file.seek(self._end)
        try:
            written = self._file.write(text + END_OF_LIST)
        except OSError as error:
            raise OSError(error.errno, reason(error), str(self._path)) from error
        if written != len(text) + len(END_OF_LIST):
            self._file.seek(self._end)
            self._file.write(END_OF_LIST)
            self._file.truncate()
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self._path))
        self._end += len(text)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
