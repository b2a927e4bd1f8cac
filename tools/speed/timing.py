# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Seconds by the median, of things that run in turns."""

import time
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple, TypeVar

import numpy as np
import torch
from torch.utils.benchmark import Timer

Key = TypeVar('Key', bound=Hashable)
TURNS, SECONDS = 3, 2  # how often, and for how long in all, each is timed


class Timing(NamedTuple):
    """Seconds of one run.

    Attributes:
        lower: A quarter of the runs took less.
        median: Half of them.
        upper: Three quarters.
        first: The first run, with all that happens once.
    """

    lower: float
    median: float
    upper: float
    first: float

    @classmethod
    def of(cls, seconds: list[float], first: float) -> 'Timing':
        """Of single runs."""
        lower, median, upper = np.quantile(seconds, [0.25, 0.5, 0.75]).tolist()
        return cls(lower, median, upper, first)


def time_in_turns(
    runs: dict[Key, Callable[[], Any]], done: Callable[[], None] = lambda: None
) -> dict[Key, Timing]:
    """Time functions in turns, so that what else the machine does meets all of them.

    Args:
        runs: Functions by key.
        done: Is called after the turns of each.

    Returns:
        Their timings by the same keys; torch's timer warms up before it measures.
    """
    first = {key: seconds_of(run) for key, run in runs.items()}
    seconds: dict[Key, list[float]] = {key: [] for key in runs}
    for _ in range(TURNS):
        for key, run in runs.items():
            timer = Timer('run()', globals=dict(run=run), num_threads=torch.get_num_threads())
            seconds[key] += timer.blocked_autorange(min_run_time=SECONDS / TURNS).times
            done()
    return {key: Timing.of(seconds[key], first[key]) for key in runs}


def seconds_of(run: Callable[[], Any]) -> float:
    """Run a function once."""
    start = now()
    run()
    return now() - start


def now() -> float:
    """The time in seconds, when the GPU has done what it was given."""
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    return time.perf_counter()
