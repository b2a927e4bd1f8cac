# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Keep two trainings from writing to one folder, where each would delete what the other wrote."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mmengine.dist import is_main_process

from sdpose.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


@contextmanager
def hold_work_dir(work_dir: str) -> Iterator[None]:
    """Lock a folder; whatever ends this process ends it, and workers do not inherit it.

    Args:
        work_dir: Folder of the run; made if it is not there.

    Raises:
        InputError: Another process holds it.
    """
    if fcntl is None or not is_main_process():
        yield
        return
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / '.lock').open('w') as lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(
                f'Another training writes to {work_dir}: wait for its end, or give another '
                '--work-dir.'
            ) from error
        except OSError:
            pass  # a file system without locks
        yield
