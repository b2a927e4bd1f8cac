# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Check what a run loads, and say what it is: MMEngine would only log warnings."""

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import BaseLoop, IterBasedTrainLoop, Runner
from torch import Tensor, nn

from sdpose.annotations.keypoint_names import names_of, same_or_around
from sdpose.checkpoints.compatibility import load_strictly, shortened, split_fitting
from sdpose.checkpoints.keypoint_rows import place_rows
from sdpose.checkpoints.latest import check_resumable
from sdpose.checkpoints.safe_loading import get_state_dict


class CheckedLoadingHook(Hook):
    """Stop before weights are loaded that do not fit.

    A resumed or tested checkpoint must hold exactly the model's weights. Training may start from
    one that has some of them, as for fine-tuning; the log then says which start anew. What a
    checkpoint has for each keypoint, as tokens, goes to the keypoint of the same name.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the checkpoint that the runner has just read; take its keypoints by name.

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
            metainfo = getattr(runner.train_dataloader.dataset, 'metainfo', None)
            for line in _start_from(model, checkpoint, metainfo, name):
                runner.logger.info(line)
        if runner._resume and _is_finished(runner, checkpoint.get('meta', {})):
            runner.logger.info(
                f'{name} is the end of this training: nothing is left to do. To go on raise '
                'train_cfg.max_epochs (or max_iters) with --cfg-options.'
            )


def _start_from(model: nn.Module, checkpoint: dict, metainfo: object, name: str) -> list[str]:
    """Take the keypoints by name, and say what of the model is taken and what starts anew."""
    fitting, others = split_fitting(model, checkpoint, name)
    given, meta = get_state_dict(checkpoint, name), checkpoint.get('meta')
    theirs = names_of(meta.get('dataset_meta') if isinstance(meta, dict) else None)
    ours = names_of(metainfo)
    placed: dict[str, Tensor] = {}
    notes: list[str] = []
    if ours and theirs:
        placed, notes = _take_by_name(model, given, ours, theirs)
    elif ours and any(key in given for key in others):
        notes = [f'No keypoint is taken by name: {name} does not name its own (meta.dataset_meta).']
    if placed:
        checkpoint['state_dict'] = {**given, **placed}
    anew = [key for key in others if key not in placed]
    rest = f' These start anew: {shortened(anew)}.' if anew else ''
    total = len(fitting) + len(others)
    return [f'{name} gives {total - len(anew)} of {total} weights.{rest}', *notes]


def _take_by_name(
    model: nn.Module, given: dict[str, Tensor], ours: list[str], theirs: list[str]
) -> tuple[dict[str, Tensor], list[str]]:
    """Bring what a checkpoint has for each keypoint into the model's order.

    Returns:
        The weights, none where names tell nothing new; and lines that say what was done.
    """
    origins = same_or_around(ours, theirs)
    if origins == [[number] for number in range(len(theirs))]:
        return {}, []
    if not any(origins):
        return {}, [f'No keypoint is taken by name: the checkpoint has no {shortened(ours)}.']
    placed = place_rows(model.state_dict(), given, origins, len(theirs))
    lines = {
        1: f'are taken by name, in {shortened([*placed])}',
        2: 'start from the mean of those that they lie between',
        0: 'start anew',
    }
    counts = [min(len(origin), 2) for origin in origins]
    notes = []
    for count, line in lines.items():
        those = [name for name, its_count in zip(ours, counts, strict=True) if its_count == count]
        if those and placed:
            notes.append(f'{len(those)} of {len(ours)} keypoints {line}: {shortened(those)}.')
    return placed, notes


def _is_finished(runner: Runner, meta: dict) -> bool:
    if isinstance(runner.train_loop, IterBasedTrainLoop):
        return meta.get('iter', 0) >= runner.max_iters
    return meta.get('epoch', 0) >= runner.max_epochs
