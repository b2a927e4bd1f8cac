# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Let Ctrl-C, ``kill`` and a closed terminal end a command alike, wherever it is."""

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

SIGNALS = ('SIGINT', 'SIGTERM', 'SIGHUP')
AT_ONCE = 1.0  # seconds in which further signals are the same one, e.g. from terminal and launcher


class Interruption:
    """Whether a command has been interrupted.

    A signal raises ``KeyboardInterrupt``. What that breaks on its way, such as a file that is being
    written, may raise other errors; and where Python swallows it, in a destructor, it is sent
    again.
    """

    def __init__(self) -> None:
        self._last: float | None = None
        # what went wrong is being told: what destructors say after that is noise, and the signal
        # with which a launcher ends the others must not cut the sentence off
        self.is_told = False

    def __bool__(self) -> bool:
        """Whether a signal has come."""
        return self._last is not None

    def receive(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.is_told:
            return
        now = time.monotonic()
        if self._last is None or now - self._last > AT_ONCE:
            self._last = now
            raise KeyboardInterrupt

    def swallowed(self, error: Any) -> None:
        """Handle an error that Python cannot raise; a ``sys.unraisablehook``."""
        if isinstance(error.exc_value, KeyboardInterrupt):
            self._last = 0.0
            again = threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT))
            again.daemon = True
            again.start()
        elif not self and not self.is_told:
            sys.__unraisablehook__(error)


@contextmanager
def interruptible() -> Iterator[Interruption]:
    """Handle signals; those that are ignored, as under ``nohup``, still are.

    Python lets only the main thread handle signals: in others nothing is done.
    """
    interruption = Interruption()
    if threading.current_thread() is not threading.main_thread():
        yield interruption
        return
    numbers = [getattr(signal, name) for name in SIGNALS if hasattr(signal, name)]
    handlers = {number: signal.getsignal(number) for number in numbers}
    changed = {number: old for number, old in handlers.items() if old is not signal.SIG_IGN}
    hook = sys.unraisablehook
    sys.unraisablehook = interruption.swallowed
    for number in changed:
        signal.signal(number, interruption.receive)
    try:
        yield interruption
    finally:
        sys.unraisablehook = hook
        for number, old in changed.items():
            signal.signal(number, old)
