# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Stop a training that gets no better, also one that was resumed on the way there."""

from typing import Any

from mmengine import hooks
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from sdpose.engine.safe_checkpoint_hook import check_metric

MEMORY = 'early_stopping'  # in the message hub, which checkpoints hold


@HOOKS.register_module()
class EarlyStoppingHook(hooks.EarlyStoppingHook):
    """MMEngine's hook under its name, with a memory: a run that was stopped stays so.

    Its defaults are for an AP: a gain is 0.001 of it, not 0.1, and greater is better.
    """

    priority = 'LOW'  # before what writes checkpoints
    best_score: float

    def __init__(
        self, monitor: str, rule: str = 'greater', min_delta: float = 0.001, **kwargs: Any
    ) -> None:
        super().__init__(monitor, rule, min_delta, **kwargs)

    def before_train(self, runner: Runner) -> None:
        """Go on counting where the resumed checkpoint stopped."""
        loop: Any = runner.train_loop
        found = runner.message_hub.runtime_info.get(MEMORY, (0, self.best_score, False))
        self.wait_count, self.best_score, loop.stop_training = found
        if loop.stop_training:
            best = f'{self.monitor} was {self.best_score:.3f} at best'
            runner.logger.info(f'Stopped early: {best}. To go on take EarlyStoppingHook out.')

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Decide whether to stop, and remember what that rests on."""
        check_metric('EarlyStoppingHook.monitor', self.monitor, metrics)
        super().after_val_epoch(runner, metrics)
        loop: Any = runner.train_loop
        memory = (self.wait_count, float(self.best_score), loop.stop_training)
        runner.message_hub.update_info(MEMORY, memory)
