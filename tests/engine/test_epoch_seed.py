# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from sdpose.engine import EpochSeedHook, seed_worker


class Draws(Dataset):
    """Samples that are random numbers, as augmentation draws them."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return np.random.rand()


def draw(epoch, seed=0, num_workers=2):
    EpochSeedHook().before_train_epoch(SimpleNamespace(seed=seed, epoch=epoch))
    loader = DataLoader(Draws(), num_workers=num_workers, worker_init_fn=seed_worker)
    return torch.cat(list(loader)).tolist()


@pytest.mark.parametrize('num_workers', [0, 2])
def test_draws_depend_on_seed_and_epoch_alone(num_workers):
    first = draw(epoch=3, num_workers=num_workers)
    draw(epoch=4, num_workers=num_workers)  # what ran before does not matter
    assert draw(epoch=3, num_workers=num_workers) == first
    assert draw(epoch=4, num_workers=num_workers) != first
    assert draw(epoch=3, seed=1, num_workers=num_workers) != first
    assert len(set(first)) == 8  # workers do not repeat one another
