# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Save checkpoints so that a kill at any moment loses nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mmengine.dist import all_reduce_params
from mmengine.hooks import CheckpointHook
from mmengine.runner import IterBasedTrainLoop, Runner
from mmpose.registry import HOOKS

from sdpose.errors import InputError

VALIDATED = 'last_validation'  # in the message hub, which checkpoints hold: epoch or iteration


@HOOKS.register_module()
class SafeCheckpointHook(CheckpointHook):
    """MMEngine's hook, which loses work in four cases.

    - It deletes an old checkpoint before it writes the new one; here it is the other way round.
    - A run that was killed in a validation goes on without it, so that its best checkpoint may be
      lost. Here each checkpoint tells whether it has been validated, and a resume makes up for it.
    - Checkpoints by iteration have the batch norms' statistics of one process only.
    - Where gradients are accumulated, those of a step that is not complete are lost.
    """

    def before_train(self, runner: Runner) -> None:
        """Prepare, and validate the checkpoint that is resumed from where this is still due."""
        super().before_train(runner)
        self.file_backend: Any = _LateRemoval(self.file_backend, self.out_dir)
        if _is_validation_due(runner):
            name = Path(runner._load_from).name
            self.last_ckpt = self.file_backend.join_path(self.out_dir, name)  # to note it there
            runner.logger.info('The resumed checkpoint has not been validated: this comes first.')
            runner.message_hub.update_info_dict(self._counts)  # MMEngine counts on before it
            runner.val_loop.run()

    def after_val_epoch(self, runner: Runner, metrics: dict[str, float]) -> None:
        """Save the best checkpoint, and note in the last one that it has been validated.

        Raises:
            InputError: ``save_best`` is no metric of the validation.
        """
        for key in self.key_indicators if self.save_best else ():
            if key != 'auto':
                check_metric('default_hooks.checkpoint.save_best', key, metrics)
        done = _progress(runner)[0]
        runner.message_hub.update_info(VALIDATED, done)
        super().after_val_epoch(runner, metrics)
        if self.last_ckpt == self.file_backend.join_path(
            self.out_dir, self.filename_tmpl.format(done)
        ):
            meta = dict(epoch=runner.epoch, iter=runner.iter)
            self._save_checkpoint_with_step(runner, done, meta)

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Add the gradients of a step of which not all batches are in."""
        model = getattr(runner.model, 'module', runner.model)
        found = {name: p.grad.cpu() for name, p in model.named_parameters() if p.grad is not None}
        if found:
            checkpoint['gradients'] = found

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Go on with them, and remember what the message hub counted, where a run is resumed."""
        if not runner._resume:
            return
        found = checkpoint['message_hub']['runtime_info']
        self._counts = {key: found[key] for key in ('epoch', 'iter') if key in found}
        parameters = dict(getattr(runner.model, 'module', runner.model).named_parameters())
        for name, gradient in checkpoint.get('gradients', {}).items():
            parameters[name].grad = gradient.to(parameters[name].device)

    def _save_checkpoint(self, runner: Runner) -> None:
        if not self.by_epoch:
            all_reduce_params(runner.model.buffers(), op='mean')
        if gradients := [p.grad for p in runner.model.parameters() if p.grad is not None]:
            all_reduce_params(gradients, op='mean')  # each process has accumulated its own
        super()._save_checkpoint(runner)

    def _save_checkpoint_with_step(self, runner: Runner, step: int, meta: dict) -> None:
        super()._save_checkpoint_with_step(runner, step, meta)
        best = vars(self).get('best_ckpt_path_dict', {}).values()
        new = {self.last_ckpt, vars(self).get('best_ckpt_path'), *best}
        self.file_backend.remove_now(keep=new)


def check_metric(setting: str, key: str, metrics: Mapping[str, Any]) -> None:
    """Raise an :class:`InputError` if a validation gives metrics, but not the one that is set."""
    if metrics and key not in metrics:
        raise InputError(
            f'{setting}={key}: the validation has no such metric, only {", ".join(metrics)}.'
        )


class _LateRemoval:
    """A file backend that deletes files when it is told that others have taken their place.

    Only those of the run: their paths come from a checkpoint, which may be that of another run.
    """

    def __init__(self, backend: Any, folder: str) -> None:
        self._backend = backend
        self._folder = Path(folder).resolve()
        self._outdated: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._backend, name)

    def remove(self, path: str) -> None:
        if Path(path).resolve().parent == self._folder:
            self._outdated.append(path)

    def rmtree(self, path: str) -> None:
        """Leave folders alone: no checkpoint of ours is one."""

    def remove_now(self, keep: set[str | None]) -> None:
        for path in set(self._outdated) - keep:
            self._backend.remove(path)
        self._outdated.clear()


def _progress(runner: Runner) -> tuple[int, int]:
    """How far a training is, and its end: in iterations, or in epochs."""
    loop = runner.train_loop
    if isinstance(loop, IterBasedTrainLoop):
        return loop.iter, loop.max_iters
    return loop.epoch, loop.max_epochs


def _is_validation_due(runner: Runner) -> bool:
    loop = runner.train_loop
    done, end = _progress(runner)
    is_validated = runner.message_hub.runtime_info.get(VALIDATED) == done
    if not runner._resume or runner.val_loop is None or is_validated:
        return False
    return done > 0 and loop.val_begin <= done and (done % loop.val_interval == 0 or done == end)
