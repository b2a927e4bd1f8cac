# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A progress bar for trainings, with the time that is left."""

from collections.abc import Sequence

from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from sdpose.runtime.progress import Progress


@HOOKS.register_module()
class ProgressHook(Hook):
    """Show on a terminal how far the training is; lines of the log push the bar down."""

    priority = 'LOWEST'

    def before_train(self, runner: Runner) -> None:
        """Begin where the training begins, which is not at 0 after a resume."""
        self._first = runner.iter
        self._progress = Progress(runner.max_iters - runner.iter, 'iterations')

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Sequence[dict] | None = None,
        outputs: dict | None = None,
    ) -> None:
        """Show an iteration more."""
        if is_main_process():
            self._progress.show(runner.iter + 1 - self._first)

    def after_train(self, runner: Runner) -> None:
        """Leave the bar."""
        if is_main_process():
            self._progress.end()
