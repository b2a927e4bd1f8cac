# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A trained heatmap model that teaches another one."""

import logging
import os
from pathlib import Path
from typing import NamedTuple

import torch
from mmengine.logging import print_log
from mmengine.runner import CheckpointLoader
from mmpose.models.pose_estimators.base import BasePoseEstimator
from mmpose.registry import MODELS
from torch import Tensor

from sdpose.checkpoints.compatibility import load_strictly
from sdpose.engine.config_file import load_config, merge_options
from sdpose.errors import InputError, blame_config
from sdpose.models.tokens import Tokens


class TeacherOutput(NamedTuple):
    """What a teacher makes of a batch.

    Attributes:
        heatmap: (B, K, H, W), float32.
        tokens: Those of its last cycle, or ``None`` if it is no tokenized model.
    """

    heatmap: Tensor
    tokens: Tokens | None


class FrozenTeacher:
    """A heatmap model without gradients, always in evaluation mode.

    It is no ``nn.Module``, so that the student that holds one does not count it among its own
    parts: not in checkpoints, in the optimizer, in DDP, nor in ``train()``.

    Args:
        model: The teacher.
        name: What to call it in messages.
    """

    def __init__(self, model: BasePoseEstimator, name: str) -> None:
        self.model = model
        self.name = name
        model.eval()
        model.requires_grad_(False)

    @classmethod
    def load(cls, config: str, checkpoint: str | None, allow_random: bool) -> 'FrozenTeacher':
        """Build a teacher and load its weights.

        Args:
            config: Config file of the teacher.
            checkpoint: Its checkpoint: a file or an address.
            allow_random: Go on with random weights where the checkpoint is missing.

        Raises:
            InputError: The config or the checkpoint is missing, or they do not fit each other.
        """
        if Path(config).is_file():
            config = os.path.relpath(config)  # configs name it by its absolute path
        cfg = merge_options(load_config(config), {})
        if 'model' not in cfg:
            raise InputError(f'The teacher config {config} has no model: it is no whole config.')
        with (
            blame_config(config),
            torch.random.fork_rng(devices=[]),
        ):  # a student starts as without it
            teacher = cls(MODELS.build(cfg.model), config)
        if checkpoint and ('://' in checkpoint or os.path.lexists(Path(checkpoint).expanduser())):
            weights = CheckpointLoader.load_checkpoint(checkpoint, map_location='cpu')
            load_strictly(teacher.model, weights, f'The teacher checkpoint {checkpoint}')
        elif allow_random:
            message = (
                f'There is no teacher checkpoint {checkpoint}: the teacher {config} has random '
                'weights, and the student learns nothing from it.'
            )
            print_log(message, 'current', logging.WARNING)
        else:
            raise InputError(
                f'There is no teacher checkpoint {checkpoint}. Train the teacher first: '
                f'python tools/train.py {config}; or give another one: '
                '--cfg-options model.teacher.checkpoint=FILE. Only to try things out, '
                'model.allow_random_teacher=True goes on without.'
            )
        return teacher

    @property
    def input_size(self) -> tuple[int, int] | None:
        """Width and height of its input in pixels, or ``None`` if its head has no codec."""
        decoder = getattr(getattr(self.model, 'head', None), 'decoder', None)
        return tuple(decoder.input_size) if decoder is not None else None

    def __deepcopy__(self, memo: dict) -> 'FrozenTeacher':
        """Return itself: copies of a student, as for moving averages, need no second teacher."""
        return self

    def __call__(self, inputs: Tensor) -> TeacherOutput:
        """Compute heatmaps and tokens.

        Args:
            inputs: Normalized images, (B, 3, H, W).

        Raises:
            InputError: The model predicts no heatmaps.
        """
        with torch.inference_mode():
            feats = self.model.extract_feat(inputs)
            heatmap = self.model.head(feats)
        if not isinstance(heatmap, Tensor) or heatmap.ndim != 4:
            raise InputError(f'The teacher {self.name} is no heatmap model, so it cannot teach.')
        # autograd does not keep tensors of the inference mode: copies leave it
        tokens = Tokens(*map(torch.clone, feats[-1])) if isinstance(feats[-1], Tokens) else None
        return TeacherOutput(heatmap.float().clone(), tokens)
