# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Random numbers that depend on seed, rank, and place in the training alone.

MMEngine seeds once at the start. Then a resumed run would augment otherwise than an unbroken one,
and one with more data workers otherwise than one with fewer. In a config::

    default_hooks = dict(seed=dict(type='SeedHook'))
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from mmengine.dataset import InfiniteSampler
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpose.registry import HOOKS
from torch.utils.data import Dataset


@HOOKS.register_module()
class SeedHook(Hook):
    """Seed Python, numpy and torch anew for each training iteration, and for each sample."""

    def before_train(self, runner: Runner) -> None:
        """Let indices say what their samples' random numbers come from."""
        loader: Any = runner.train_dataloader
        self._indices = SeededIndices(loader.batch_sampler.sampler, runner.seed, get_rank(), 0)
        loader.batch_sampler.sampler = self._indices
        loader.dataset.__getitems__ = partial(load_samples, loader.dataset)
        loop: Any = runner.train_loop
        if isinstance(loop, IterBasedTrainLoop):  # has begun to load already, without seeds
            loader._iterator = None
            if isinstance(loader.sampler, InfiniteSampler):
                loader.sampler.indices = loader.sampler._indices_of_rank()
            loop.dataloader_iterator = type(loop.dataloader_iterator)(loader)

    def before_train_epoch(self, runner: Runner) -> None:
        """Tell the epoch; an iteration-based loop has one, in which its data begin again."""
        self._indices.epoch = runner.epoch

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Sequence[dict] | None = None
    ) -> None:
        """Seed this process, for what the model draws."""
        torch.manual_seed(_seed(runner.seed, get_rank(), 1, runner.iter))


class SeededIndex(int):
    """Index of a sample, which takes along to the data workers what to seed it with.

    Attributes:
        entropy: Whole numbers that are those of no other sample of the training.
    """

    entropy: tuple[int, ...]


class SeededIndices:
    """What a sampler gives, as :class:`SeededIndex`.

    Args:
        sampler: Of a data loader.
        entropy: Whole numbers that all seeds depend on.

    Attributes:
        epoch: How often the sampler has come to its end.
    """

    def __init__(self, sampler: Any, *entropy: int) -> None:
        self._sampler, self._entropy = sampler, entropy
        self.epoch = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sampler, name)

    def __len__(self) -> int:
        return len(self._sampler)

    def __iter__(self) -> Iterator[SeededIndex]:
        for place, index in enumerate(self._sampler):
            seeded = SeededIndex(index)
            seeded.entropy = (*self._entropy, self.epoch, place)
            yield seeded
        self.epoch += 1


def load_samples(dataset: Dataset, indices: Sequence[SeededIndex]) -> list:
    """Load the samples of a batch; torch's loader calls it as a data set's ``__getitems__``."""
    samples = []
    with _own_random_numbers():
        for index in indices:
            # torch.manual_seed looks for devices, which takes longer than mirroring a picture
            torch.default_generator.manual_seed(_seed(*index.entropy))
            samples.append(dataset[index])
    return samples


def _seed(*entropy: int) -> int:
    """Seed Python and numpy; returns the seed for torch."""
    seed = int(np.random.SeedSequence(entropy).generate_state(1)[0])
    random.seed(seed)
    np.random.seed(seed)
    return seed


@contextmanager
def _own_random_numbers() -> Iterator[None]:
    """Without workers, what is loaded must not change what the model draws."""
    of_python, of_numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        yield
    random.setstate(of_python)
    np.random.set_state(of_numpy)
