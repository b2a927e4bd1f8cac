# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMEngine's Runner lacks: seeds that survive a resume, checks, CPU processes."""

from sdpose.engine.epoch_seed import EpochSeedHook, seed_worker

__all__ = ['EpochSeedHook', 'seed_worker']
