# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, Dataset

from sdpose.engine import SeedHook

SAMPLES = 12


class Draws(Dataset):
    """Samples that are random numbers, as augmentation draws them."""

    def __len__(self):
        return SAMPLES

    def __getitem__(self, index):
        return np.random.rand() + torch.rand(()).item()


def draw(iteration, seed=0, num_workers=0, batch_size=2, skipped=0):
    """What the samples draw in an epoch that begins with an iteration, and the model in it."""
    indices = range(skipped * batch_size, SAMPLES)
    loader = DataLoader(Draws(), batch_size, sampler=indices, num_workers=num_workers)
    runner = SimpleNamespace(seed=seed, iter=iteration, train_dataloader=loader, train_loop=None)
    hook = SeedHook()
    hook.before_train_epoch(runner)
    by_samples, by_model = [], []
    for number, batch in enumerate(loader):
        runner.iter = iteration + number
        hook.before_train_iter(runner, number)
        by_samples.append(batch)
        by_model.append(torch.rand(()) + np.random.rand())
    return torch.cat(by_samples).tolist(), torch.stack(by_model).tolist()


def everything(drawn):
    return {value for values in drawn for value in values}


@pytest.mark.parametrize('num_workers', [1, 2, 3])
def test_draws_are_the_same_for_any_number_of_workers(num_workers):
    assert draw(30, num_workers=num_workers) == draw(30)


def test_draws_depend_on_seed_and_iteration_alone():
    samples, model = draw(30)
    assert (samples, model) == draw(30)
    assert len({*samples, *model}) == SAMPLES + len(model)  # none is that of another
    assert not {*samples, *model} & everything(draw(30, seed=1))
    assert not {*samples, *model} & everything(draw(36))


@pytest.mark.parametrize('num_workers', [0, 2])
def test_draws_go_on_in_the_middle_of_an_epoch(num_workers):
    samples, model = draw(30)
    assert draw(34, num_workers=num_workers, skipped=4) == (samples[8:], model[4:])


def test_draws_differ_by_rank(monkeypatch):
    samples, model = draw(30)
    monkeypatch.setattr('sdpose.engine.seed_hook.get_rank', lambda: 1)
    assert not {*samples, *model} & everything(draw(30))
