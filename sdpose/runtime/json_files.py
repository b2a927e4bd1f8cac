# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""JSON files that are read with clear errors, and lists that grow without ever being broken."""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdpose.errors import InputError, reason
from sdpose.runtime.files import write_whole

END_OF_LIST = b'\n]\n'


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path: A file.

    Raises:
        InputError: It is missing, cannot be read, or is broken.
    """
    try:
        return json.loads(Path(path).read_text(encoding='utf-8-sig'))
    except FileNotFoundError as error:
        raise InputError(f'There is no file {path}.') from error
    except OSError as error:
        raise InputError(f'{path} cannot be read: {reason(error)}.') from error
    except (ValueError, RecursionError) as error:
        raise InputError(f'{path} is not JSON: {error}.') from error


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
