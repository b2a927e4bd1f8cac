# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Wrong values and broken bytes, and how to put them into a case's folder."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

Change = Callable[[Path], Any]
MISSING = object()
VALUES: dict[str, Any] = dict(
    missing=MISSING, null=None, nan=float('nan'), inf=float('inf'), minus=-1, zero=0, huge=1e38,
    digits=10**399, text='x', empty='', true=True, dict={'a': 1}, list=[1, 2], nested=[[[[]]]],
)  # fmt: skip


def write(path: Path, content: str | bytes) -> None:
    """Put a file in the place of what is there."""
    path.unlink(missing_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)


def place(file: str, content: str | bytes) -> Change:
    """Put a file."""
    return lambda folder: write(folder / file, content)


def raw(file: str, change: Callable[[bytes], str | bytes]) -> Change:
    """Change the bytes of a file."""
    return lambda folder: write(folder / file, change((folder / file).read_bytes()))


def cut(share: float) -> Callable[[bytes], bytes]:
    """Leave the first part."""
    return lambda data: data[: int(len(data) * share)]


def flip(share: float) -> Callable[[bytes], bytes]:
    """Change one byte."""

    def flipped(data: bytes) -> bytes:
        at = int(len(data) * share)
        return data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :]

    return flipped


def edit(file: str, change: Callable[[Any], Any]) -> Change:
    """Change the content of a JSON file in place."""

    def edited(folder: Path) -> None:
        content = json.loads((folder / file).read_text())
        change(content)
        write(folder / file, json.dumps(content))

    return edited


def wrong_fields(file: str, fields: dict[str, str]) -> Iterator[tuple[str, Change]]:
    """Name and change for each field (``annotations.2.id``) and each of its wrong values."""
    for field, values in fields.items():
        for value in values.split():
            yield f'{field} {value}', edit(file, _put(field, VALUES[value]))


def _put(field: str, value: Any) -> Callable[[Any], None]:
    *parents, last = [int(part) if part.isdigit() else part for part in field.split('.')]

    def put(node: Any) -> None:
        for parent in parents:
            node = node[parent]
        if value is MISSING:
            del node[last]
        else:
            node[last] = value

    return put


def no_files(file: str) -> Iterator[tuple[str, Change]]:
    """What is no file, by name."""

    def removed(folder: Path) -> Path:
        (folder / file).unlink(missing_ok=True)
        return folder / file

    yield 'not there', removed
    yield 'a folder', lambda folder: removed(folder).mkdir()
    yield 'a pipe', lambda folder: os.mkfifo(removed(folder))
    yield 'a device', lambda folder: removed(folder).symlink_to('/dev/zero')
    yield 'a link to nothing', lambda folder: removed(folder).symlink_to('nowhere')
    yield 'a link to itself', lambda folder: removed(folder).symlink_to(Path(file).name)
