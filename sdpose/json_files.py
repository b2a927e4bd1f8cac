# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""JSON files that are read with clear errors, and lists that grow without ever being broken."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sdpose.closing import Closing
from sdpose.errors import InputError

END_OF_LIST = b'\n]\n'


def read_json(path: str | Path) -> Any:
    """Read a JSON file.

    Args:
        path: A file.

    Raises:
        InputError: It is missing or broken.
    """
    try:
        return json.loads(Path(path).read_text())
    except OSError as error:
        raise InputError(f'There is no file {path}.') from error
    except ValueError as error:
        raise InputError(f'{path} is not JSON: {error}.') from error


class JsonListFile(Closing):
    """A JSON list on disk that is whole after every :meth:`extend`, so that a kill loses nothing.

    New entries and a new end of the list replace the old end in one write. The cost of a write
    does not grow with the list, and there is nothing to finish at the end. One entry a line.

    Args:
        path: A new or old file; an old one is replaced, by an empty list at first.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        empty = path.with_name(f'.{path.name}.{os.getpid()}.partial')
        self._file = empty.open('wb', buffering=0)
        self._file.write(b'[' + END_OF_LIST)
        empty.replace(path)
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
        written = self._file.write(text + END_OF_LIST)
        if written != len(text) + len(END_OF_LIST):
            self._file.seek(self._end)
            self._file.write(END_OF_LIST)
            self._file.truncate()
            raise OSError(f'Only {written} bytes could be written: the disk is full.')
        self._end += len(text)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
