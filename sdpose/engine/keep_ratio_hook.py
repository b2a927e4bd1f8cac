# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""PPT's schedule: visual tokens are pruned by and by."""

import math
from typing import Any

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from sdpose.engine.setting_checks import checked
from sdpose.errors import InputError


@HOOKS.register_module()
class KeepRatioHook(Hook):
    """Let the share of visual tokens that training keeps fall along a cosine.

    All tokens are kept until the epoch ``begin``; from ``end`` on ``neck.pruning.keep_ratio`` of
    them. Evaluation always prunes by ``neck.pruning.keep_ratio``, so that an AP while training is
    that of the model that is deployed. The share follows from the iteration alone: a resumed run
    goes on where it was.

    Args:
        begin: Number of epochs without pruning (10 in PPT's own code).
        end: Number of epochs after which the share has come down (110 in PPT's own code).

    Raises:
        InputError: ``end`` is not after ``begin``.
    """

    @checked
    def __init__(self, begin: int = 10, end: int = 110) -> None:
        if not 0 <= begin < end:
            raise InputError(f'KeepRatioHook: end={end} must be after begin={begin}.')
        self.begin = begin
        self.end = end

    def before_train(self, runner: Runner) -> None:
        """Check that there is something to schedule.

        Raises:
            InputError: The model does not prune.
        """
        if not getattr(_neck_of(runner), 'pruning_layers', None):
            raise InputError(
                'KeepRatioHook lets neck.pruning.keep_ratio fall, but the model has no '
                'neck.pruning. Set it, or remove the hook from custom_hooks.'
            )

    def before_train_iter(self, runner: Runner, batch_idx: int, data_batch: Any = None) -> None:
        """Set the share for this iteration."""
        neck = _neck_of(runner)
        epoch = runner.iter / len(runner.train_dataloader)
        progress = min(max((epoch - self.begin) / (self.end - self.begin), 0), 1)
        pruned = (1 - neck.keep_ratio) * (1 - math.cos(math.pi * progress)) / 2
        neck.train_keep_ratio = 1 - pruned


def _neck_of(runner: Runner) -> Any:
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    return getattr(model, 'neck', None)
