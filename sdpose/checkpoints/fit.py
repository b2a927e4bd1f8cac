# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Refuse a checkpoint that belongs to another model."""

from typing import cast

from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.runner import Runner
from torch import Tensor, nn

from sdpose.checkpoints.published import recognise_layout
from sdpose.checkpoints.safe_loading import get_state_dict
from sdpose.errors import InputError


class CheckpointFitHook(Hook):
    """Stop before weights are loaded that do not fit: MMEngine would only log a warning.

    Args:
        partly: Let a checkpoint through that has some of the weights, as for fine-tuning.
    """

    def __init__(self, partly: bool = False) -> None:
        self.partly = partly

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict) -> None:
        """Check the checkpoint that the runner has just read."""
        name = runner._load_from or 'The checkpoint'
        check_checkpoint_fits(unwrap(runner.model), checkpoint, name, self.partly)


def unwrap(model: nn.Module) -> nn.Module:
    """Return the model itself from its distributed wrapper."""
    return cast(nn.Module, model.module) if is_model_wrapper(model) else model


def check_checkpoint_fits(
    model: nn.Module, checkpoint: dict, name: str, partly: bool = False
) -> None:
    """Raise when a checkpoint does not hold exactly the weights of a model.

    Args:
        model: The model that will receive the weights (it may be changed in the attempt).
        checkpoint: With ``state_dict``, or itself a state dict.
        name: What to call the checkpoint in the message.
        partly: Let it through if some weights of the model have its names and shapes.

    Raises:
        InputError: Names or shapes differ; the message has the first of them.
    """
    state_dict = get_state_dict(checkpoint, name)
    refuse_published(state_dict, name)
    if partly and any(
        key in state_dict and state_dict[key].shape == weights.shape
        for key, weights in model.state_dict().items()
    ):
        return
    try:
        result = model.load_state_dict(state_dict, strict=False)
    except RuntimeError as error:
        shapes = [line.strip(' \t.') for line in str(error).splitlines() if 'size mismatch' in line]
        problems = shapes or [str(error)]
    else:
        problems = [f'{key} is missing in it' for key in result.missing_keys]
        problems += [f'{key} is not part of the model' for key in result.unexpected_keys]
    if problems:
        more = f' (and {len(problems) - 3} more)' if len(problems) > 3 else ''
        raise InputError(
            f'{name} belongs to another model than this config: {"; ".join(problems[:3])}{more}. '
            'Give the config that it was trained with.'
        )


def refuse_published(state_dict: dict[str, Tensor], name: str) -> None:
    """Raise when weights bear the names of a published implementation.

    Args:
        state_dict: Weights by name.
        name: What to call the checkpoint in the message.

    Raises:
        InputError: They do; the message says how to convert them.
    """
    layout = recognise_layout(state_dict)
    if layout is not None:
        raise InputError(
            f'{name} has the published names of {layout}. Convert it first: '
            f'python tools/convert_checkpoint.py {name} converted.pth --config CONFIG'
        )
