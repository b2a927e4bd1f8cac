# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A progress bar without a library, and what was skipped."""

import sys
import time

WIDTH = 30


def printable(text: object) -> str:
    """Escape what a file's name may have, but a line must not: line breaks, colours, bad UTF-8."""
    return ''.join(c if c.isprintable() else ascii(c)[1:-1] for c in str(text))


class Progress:
    """A bar on a terminal, and reports of what was left out, all on the error stream.

    Args:
        total: How many images there are; 0 where nobody knows.
        things: What is counted, if not images.
    """

    def __init__(self, total: int, things: str = 'images') -> None:
        self.skipped: dict[str, None] = {}  # in their order, each once
        self._total = total
        self._things = things
        self._start = time.monotonic()
        self._is_terminal = sys.stderr.isatty()

    def show(self, done: int) -> None:
        """Show how many are done."""
        if not self._is_terminal:
            return
        text = f'{done} {self._things}'
        if self._total:
            share = min(1.0, done / self._total)
            seconds = (time.monotonic() - self._start) * (1 / max(share, 1e-9) - 1)
            bar = '#' * round(WIDTH * share)
            text = f'[{bar:-<{WIDTH}}] {done}/{self._total} {self._things}, {seconds:.0f} s left'
        sys.stderr.write(f'{text:<70}\r')  # what is written next replaces it
        sys.stderr.flush()

    def skip(self, name: str, problem: str) -> None:
        """Report what is left out; the same thing only once."""
        message = f'Skipped: {printable(name)}: {problem}.'
        if message not in self.skipped:
            self.skipped[message] = None
            text = f'{message:<70}' if self._is_terminal else message
            sys.stderr.write(f'{text}\n')

    def end(self) -> None:
        """Leave the bar's line."""
        if self._is_terminal:
            sys.stderr.write('\n')
