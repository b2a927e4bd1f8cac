# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Let a process end with the one that started it, whatever ends that."""

import ctypes
import json
import os
import signal
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

from sdpose.runtime.files import write_whole

LOST = 'another process of this run has ended or cannot be reached'
SET_PARENT_DEATH_SIGNAL = 1  # of linux/prctl.h
ERROR_FILE = 'TORCHELASTIC_ERROR_FILE'  # where torch's launcher looks for a rank's error


@cache  # once in a process
def end_with_parent() -> None:
    """Make data workers end with this process, and this one with the launcher of its rank.

    A worker notices of itself only while it waits for work. Nothing else tells it: its siblings
    hold the other end of its pipes.
    """
    os.register_at_fork(after_in_child=_follow_as_worker)
    if is_launched():
        _follow()


def is_launched() -> bool:
    """Whether torch's launcher, as of ``tools/dist_train.sh``, has started this process."""
    return ERROR_FILE in os.environ


def report_to_launcher(line: str) -> None:
    """Leave the one line about what went wrong to the launcher, which gets one from each rank."""
    message = dict(message=line, extraInfo=dict(timestamp=str(int(time.time()))))
    path = Path(os.environ[ERROR_FILE])
    if not path.exists():
        write_whole(path, json.dumps(dict(message=message)).encode())


def _follow_as_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is handled by the parent
    with suppress(AttributeError, OSError):  # Linux ends it before it can say what it misses
        ctypes.CDLL(None).prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    _follow()


def _follow() -> None:
    threading.Thread(target=_wait_for_end_of, args=(os.getppid(),), daemon=True).start()


def _wait_for_end_of(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGKILL)
