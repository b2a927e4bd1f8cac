# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.model import BaseModel
from mmengine.runner import Runner
from torch.utils.data import Dataset

from sdpose.engine.train_loop import ResumableTrainLoop

SAMPLES, BATCH = 12, 2
EPOCHS = dict(type=ResumableTrainLoop, max_epochs=2)
ITERATIONS = dict(by_epoch=False, max_iters=2 * SAMPLES // BATCH)


class Draws(Dataset):
    """Samples that are random numbers, as augmentation draws them."""

    def __len__(self):
        return SAMPLES

    def __getitem__(self, index):
        return np.random.rand() + torch.rand(()).item()


class Recorder(BaseModel):
    """A model that keeps what the samples drew, and what it draws itself."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(()))
        self.seen = []

    def forward(self):
        """Not used."""

    def train_step(self, data, optim_wrapper):
        self.seen.append((*data, np.random.rand() + torch.rand(()).item()))
        return {}


@pytest.fixture
def draw(tmp_path):
    def run(loop=EPOCHS, seed=0, num_workers=0, save_at=-1, resume_from=None):
        """What is drawn in each iteration: by two samples, and by the model."""
        is_infinite = loop is ITERATIONS
        runner = Runner(
            Recorder(),
            str(tmp_path),
            train_dataloader=dict(
                batch_size=BATCH,
                num_workers=num_workers,
                persistent_workers=num_workers > 0,
                dataset=Draws(),
                sampler=dict(type='InfiniteSampler' if is_infinite else 'DefaultSampler'),
            ),
            train_cfg=loop,
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.1)),
            default_hooks=dict(
                seed=dict(type='SeedHook'),
                checkpoint=dict(
                    type='CheckpointHook', by_epoch=False, interval=save_at, save_last=False
                ),
                logger=None,
            ),
            randomness=dict(seed=seed),
            default_scope='mmpose',
            log_level='ERROR',
            resume=resume_from is not None,
            load_from=resume_from and str(tmp_path / f'iter_{resume_from}.pth'),
            experiment_name=f'{Path(tmp_path).name}_{next(numbers)}',
        )
        return runner.train().seen

    numbers = iter(range(10))
    return run


@pytest.mark.parametrize('loop', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])
@pytest.mark.parametrize('num_workers', [1, 2, 3])
def test_draws_are_the_same_for_any_number_of_workers(loop, num_workers, draw):
    assert draw(loop, num_workers=num_workers) == draw(loop)


@pytest.mark.parametrize('loop', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])
def test_no_draw_is_that_of_another(loop, draw):
    drawn = np.array(draw(loop))
    other = np.array(draw(loop, seed=1))
    assert drawn.shape == (2 * SAMPLES // BATCH, BATCH + 1)
    assert len({*drawn.flat, *other.flat}) == 2 * drawn.size


@pytest.mark.parametrize('loop', [EPOCHS, ITERATIONS], ids=['epochs', 'iterations'])
@pytest.mark.parametrize('num_workers', [0, 2])
@pytest.mark.parametrize('iteration', [4, 6, 9])
def test_draws_go_on_where_a_run_is_resumed(loop, num_workers, iteration, draw):
    unbroken = draw(loop, save_at=iteration)
    assert draw(loop, num_workers=num_workers, resume_from=iteration) == unbroken[iteration:]


def test_draws_differ_by_rank(draw, monkeypatch):
    first = draw()
    monkeypatch.setattr('sdpose.engine.seed_hook.get_rank', lambda: 1)
    assert len({*np.array(first).flat, *np.array(draw()).flat}) == 2 * np.size(first)
