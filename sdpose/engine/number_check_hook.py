# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Stop a run whose numbers mean nothing any more, before it saves them."""

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

import torch
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmpose.registry import HOOKS

from sdpose.checkpoints.weights import check_weights
from sdpose.errors import InputError

CHANCES = 20  # halvings of a loss scale, from torch's 2**16 to far below 1
ADVICE = (
    'Nothing of it was saved. Lower the learning rate (optim_wrapper.optimizer.lr) or mend the '
    'data, and go on from the last checkpoint with --resume.'
)


@HOOKS.register_module()
class NumberCheckHook(Hook):
    """Refuse a loss or weights that are not finite, and an AP of nothing.

    In mixed precision a loss may overflow: the scaler then leaves out the step and halves its
    scale. It gets as many chances in a row as it takes to bring any scale down.
    """

    priority = 'LOW'  # after what changes a checkpoint, before what writes it

    def __init__(self) -> None:
        self._failures = 0

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Check the losses.

        Raises:
            InputError: One is not finite; with the losses and the ids of the batch's samples.
        """
        given = {
            name: torch.as_tensor(value).detach().float()
            for name, value in (outputs or {}).items()
            if 'loss' in name
        }
        # together: each transfer from a device waits for it
        numbers = torch.stack(list(given.values())).tolist() if given else []
        losses = dict(zip(given, numbers, strict=True))
        if all(map(math.isfinite, losses.values())):
            self._failures = 0
            return
        self._failures += 1
        if hasattr(runner.optim_wrapper, 'loss_scaler') and self._failures <= CHANCES:
            return
        shown = ', '.join(f'{name}={value:g}' for name, value in losses.items())
        raise InputError(
            f'The loss is not finite in iteration {runner.iter + 1} (epoch {runner.epoch + 1}): '
            f'{shown}{_ids_of(data_batch)}. {ADVICE}'
        )

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = 'train',
    ) -> None:
        """Check the predictions of a validation or test: finite weights may lead to others.

        Raises:
            InputError: One is not finite.
        """
        for sample in outputs or ():
            found: Any = getattr(sample, 'pred_instances', {})
            for name in ('keypoints', 'keypoint_scores'):
                if name in found and not torch.as_tensor(found.get(name)).isfinite().all():
                    weights = (mode == 'test' and runner._load_from) or 'this training'
                    raise InputError(
                        'The model predicts keypoints that are not numbers: the weights of '
                        f'{weights} are broken, as after a training that diverged.'
                    )

    def before_save_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the weights, and what the optimizer keeps of their gradients.

        Raises:
            InputError: One is not finite.
        """
        name = f'The training after iteration {runner.iter + 1} (epoch {runner.epoch + 1})'
        try:
            check_weights(checkpoint['state_dict'], checkpoint, name)
        except InputError as error:
            raise InputError(f'{error} {ADVICE}') from error

    def after_val_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Check the AP; other metrics may be anything.

        Raises:
            InputError: It is -1 or NaN.
        """
        for name, value in (metrics or {}).items():
            is_ap = name.rpartition('/')[2] == 'AP' and isinstance(value, Real)
            if is_ap and not value >= 0:
                raise InputError(
                    f'{name} is {value:g}: there was no person whose keypoints count to compare '
                    'with. Check the annotation file: its categories, areas and keypoints.'
                )

    after_test_epoch = after_val_epoch


def _ids_of(data_batch: Any) -> str:
    """The annotations that a batch was made of, where they have ids."""
    is_dict = isinstance(data_batch, dict)
    samples: Sequence[Any] = data_batch.get('data_samples', ()) if is_dict else ()
    ids = [str(sample.metainfo['id']) for sample in samples if 'id' in sample.metainfo]
    return f'; annotations {", ".join(ids)}' if ids else ''
