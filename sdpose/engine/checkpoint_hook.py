# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Check what a run loads, and say what it is: MMEngine would only log warnings."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner

from sdpose.checkpoints.compatibility import load_strictly, shortened, split_fitting
from sdpose.checkpoints.latest import check_resumable


class CheckedLoadingHook(Hook):
    """Stop before weights are loaded that do not fit.

    A resumed or tested checkpoint must hold exactly the model's weights. Training may start from
    one that has some of them, as for fine-tuning; the log then says which start anew.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the checkpoint that the runner has just read.

        Raises:
            InputError: It belongs to another model.
        """
        name, model = runner._load_from or 'The checkpoint', runner.model
        model = model.module if is_model_wrapper(model) else model
        if runner._resume:
            check_resumable(checkpoint, name, bool(runner.param_schedulers))
        is_training = isinstance(runner._train_loop, BaseLoop)  # a config, where it only tests
        if runner._resume or not is_training:
            load_strictly(model, checkpoint, name)
        else:
            fitting, others = split_fitting(model, checkpoint, name)
            rest = f' These start anew: {shortened(others)}.' if others else ''
            total = len(fitting) + len(others)
            runner.logger.info(f'{name} gives {len(fitting)} of {total} weights.{rest}')
        if runner._resume and _is_finished(runner, checkpoint.get('meta', {})):
            runner.logger.info(
                f'{name} is the end of this training: nothing is left to do. To go on raise '
                'train_cfg.max_epochs (or max_iters) with --cfg-options.'
            )


def _is_finished(runner: Runner, meta: dict) -> bool:
    if isinstance(runner.train_loop, IterBasedTrainLoop):
        return meta.get('iter', 0) >= runner.max_iters
    return meta.get('epoch', 0) >= runner.max_epochs
