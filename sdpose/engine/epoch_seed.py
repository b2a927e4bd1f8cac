# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Random numbers that depend on (seed, epoch, rank) alone, so that a resumed run repeats them.

MMEngine seeds once at the start: after a resume the augmentation would differ from that of an
unbroken run. The hook and the worker function here belong together::

    default_hooks = dict(epoch_seed=dict(type='EpochSeedHook'))
    train_dataloader = dict(
        persistent_workers=False,  # workers of a new epoch take a new seed
        worker_init_fn=dict(type='seed_worker'))
"""

import random

import numpy as np
import torch
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.registry import FUNCTIONS
from mmengine.runner import Runner, set_random_seed
from mmpose.registry import HOOKS


@HOOKS.register_module()
class EpochSeedHook(Hook):
    """Seed Python, numpy and torch anew before each training epoch."""

    def before_train_epoch(self, runner: Runner) -> None:
        """Seed this process; the data loader draws its workers' seeds from it."""
        entropy = np.random.SeedSequence((runner.seed, runner.epoch, get_rank()))
        set_random_seed(int(entropy.generate_state(1)[0]))


@FUNCTIONS.register_module()
def seed_worker(worker_id: int) -> None:
    """Seed Python and numpy in a data loader worker from the seed that torch gave it.

    Args:
        worker_id: Index of the worker; torch's seed already depends on it.
    """
    seed = torch.initial_seed() % 2**32
    random.seed(seed)
    np.random.seed(seed)
