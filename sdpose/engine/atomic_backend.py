# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Write files whole or not at all."""

import os
from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend


class AtomicLocalBackend(LocalBackend):
    """MMEngine's local file backend, through which checkpoints are saved, made atomic.

    A run that is killed while it saves leaves the old file, or none, never half of one.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes beside the file, then put them in its place.

        Args:
            obj: What to write.
            filepath: Where; missing folders are made.
        """
        filepath = Path(filepath)
        filepath.parent.mkdir(parents=True, exist_ok=True)
        partial = filepath.with_name(f'.{filepath.name}.{os.getpid()}.partial')
        try:
            with partial.open('wb') as file:
                file.write(obj)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(filepath)
        finally:
            partial.unlink(missing_ok=True)


def install() -> None:
    """Make MMEngine write every local file through this backend."""
    register_backend('local', AtomicLocalBackend, prefixes='', force=True)
