# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Keep two trainings from writing to one folder, where each would delete what the other wrote."""

from pathlib import Path
from typing import IO

from mmengine.dist import is_main_process

from sdpose.errors import InputError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

HELD: list[IO[str]] = []  # open files, whose locks end with the process, whatever ends it


def hold_work_dir(work_dir: str) -> None:
    """Lock a folder until the end of this process; its workers do not inherit the lock.

    Args:
        work_dir: Folder of the run; made if it is not there.

    Raises:
        InputError: Another process holds it.
    """
    if fcntl is None or not is_main_process():
        return
    folder = Path(work_dir)
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / '.lock').open('w')
    try:
        fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise InputError(
            f'Another training writes to {work_dir}: wait for its end, or give another --work-dir.'
        ) from error
    except OSError:  # a file system without locks
        return
    HELD.append(lock)
