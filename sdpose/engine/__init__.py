# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMEngine's Runner lacks: whole checkpoints, seeds that survive a resume, CPU processes."""

from sdpose.engine.atomic_backend import AtomicLocalBackend
from sdpose.engine.epoch_seed import EpochSeedHook, seed_worker

__all__ = ['AtomicLocalBackend', 'EpochSeedHook', 'seed_worker']
