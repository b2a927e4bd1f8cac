# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Write files whole or not at all."""

import os
from pathlib import Path

from sdpose.errors import reason


def write_whole(path: Path, data: bytes) -> None:
    """Write beside a file, then put the result in its place.

    A program that is killed meanwhile leaves the old file, or none, never half of one.

    Args:
        path: Where; missing folders are made.
        data: What to write.

    Raises:
        OSError: It cannot be written; ``filename`` is the path, or a folder of it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f'.{path.name}.{os.getpid()}.partial')
    try:
        try:
            with partial.open('wb') as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise OSError(error.errno, reason(error), str(path)) from error
