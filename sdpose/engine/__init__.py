# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMEngine's Runner lacks: runs that can be trusted, checks, CPU processes."""

from sdpose.engine.cpu_amp import CpuAmpOptimWrapper
from sdpose.engine.early_stopping_hook import EarlyStoppingHook
from sdpose.engine.keep_ratio_hook import KeepRatioHook
from sdpose.engine.number_check_hook import NumberCheckHook
from sdpose.engine.picture_sampler import PictureSampler
from sdpose.engine.progress_hook import ProgressHook
from sdpose.engine.safe_checkpoint_hook import SafeCheckpointHook
from sdpose.engine.seed_hook import SeedHook

__all__ = [
    'CpuAmpOptimWrapper',
    'EarlyStoppingHook',
    'KeepRatioHook',
    'NumberCheckHook',
    'PictureSampler',
    'ProgressHook',
    'SafeCheckpointHook',
    'SeedHook',
]
