# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMEngine's Runner lacks: whole checkpoints, seeds that survive a resume, CPU processes."""

from sdpose.checkpoints import safe_loading
from sdpose.engine.atomic_backend import AtomicLocalBackend
from sdpose.engine.epoch_seed import EpochSeedHook, seed_worker

safe_loading.install()

__all__ = ['AtomicLocalBackend', 'EpochSeedHook', 'seed_worker']
