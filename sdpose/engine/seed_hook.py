# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Random numbers that depend on seed, iteration and rank alone.

MMEngine seeds once at the start. Then a resumed run would augment otherwise than an unbroken one,
and one with more data workers otherwise than one with fewer. In a config::

    default_hooks = dict(seed=dict(type='SeedHook'))
    train_dataloader = dict(persistent_workers=False)  # each epoch's workers take its seed
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpose.registry import HOOKS
from torch.utils.data import Dataset, get_worker_info


@HOOKS.register_module()
class SeedHook(Hook):
    """Seed Python, numpy and torch anew for each training iteration, and for each sample."""

    def before_train_epoch(self, runner: Runner) -> None:
        """Let the data set, of which workers get copies now, seed every sample."""
        is_endless = isinstance(runner.train_loop, IterBasedTrainLoop)  # its loader starts once
        first = 0 if is_endless else runner.iter
        dataset: Any = runner.train_dataloader.dataset
        self._batches = SeededBatches(dataset, (runner.seed, get_rank(), 0), first)
        dataset.__getitems__ = self._batches

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Sequence[dict] | None = None
    ) -> None:
        """Seed this process, for what the model draws."""
        _seed(runner.seed, get_rank(), 1, runner.iter)
        self._batches.go_on(runner.iter + 1)


class SeededBatches:
    """Loads the samples of a batch; torch's loader calls it where a data set has one.

    Args:
        dataset: Where samples come from.
        entropy: Whole numbers that all seeds depend on.
        first: Number of the first batch, counted from the start of the training.
    """

    def __init__(self, dataset: Dataset, entropy: Sequence[int], first: int) -> None:
        self._dataset = dataset
        self._entropy = entropy
        self.go_on(first)

    def go_on(self, first: int) -> None:
        """Count from another batch; workers that have started already do not notice."""
        self._first, self._calls = first, 0

    def __call__(self, indices: Sequence[int]) -> list:
        """Load samples. A sample's seed depends on its place in the training, not on the worker."""
        worker = get_worker_info()
        # torch hands batches to workers in turn
        workers, turn = (worker.num_workers, worker.id) if worker else (1, 0)
        number = self._first + self._calls * workers + turn
        self._calls += 1
        samples = []
        with _own_random_numbers():
            for place, index in enumerate(indices):
                _seed(*self._entropy, number, place)
                samples.append(self._dataset[index])
        return samples


def _seed(*entropy: int) -> None:
    seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Without workers, what is loaded must not change what the model draws."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(of_python)
    np.random.set_state(of_numpy)
