# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Refuse a checkpoint that belongs to another model."""

import math
from collections.abc import Mapping

from torch import Tensor, nn

from sdpose.checkpoints.converter import recognise_layout, what_else
from sdpose.checkpoints.safe_loading import get_state_dict
from sdpose.errors import InputError

NAMED = 3  # weights that a message names at the most


def load_strictly(model: nn.Module, checkpoint: dict, name: str) -> None:
    """Load a checkpoint that holds exactly the weights of a model.

    Args:
        model: It receives the weights; after an error some of them.
        checkpoint: With ``state_dict``, or itself a state dict.
        name: What to call the checkpoint in the message.

    Raises:
        InputError: Names, shapes or kinds of numbers differ; the message has the first of them.
    """
    state_dict = get_state_dict(checkpoint, name)
    refuse_published(state_dict, name)
    expected = model.state_dict()
    _refuse_other_kinds(expected, state_dict, name)
    _refuse_other_scale(expected, state_dict, name)
    try:
        result = model.load_state_dict(state_dict, strict=False)
    except RuntimeError as error:
        shapes = [line.strip(' \t.') for line in str(error).splitlines() if 'size mismatch' in line]
        problems = shapes or [str(error)]
    else:
        problems = [f'{key} is missing in it' for key in result.missing_keys]
        problems += [f'{key} is not part of the model' for key in result.unexpected_keys]
    if problems:
        advice = _what_it_is(expected, state_dict) or 'Give the config that it was trained with.'
        raise InputError(
            f'{name} belongs to another model than this config: {shortened(problems)}. {advice}'
        )


def split_fitting(
    model: nn.Module, checkpoint: dict, name: str, owner: str = 'this config'
) -> tuple[list[str], list[str]]:
    """Find out which weights of a model a checkpoint has, as for fine-tuning.

    Args:
        model: It is not changed.
        checkpoint: With ``state_dict``, or itself a state dict.
        name: What to call the checkpoint in the message.
        owner: What to call that which the model belongs to.

    Returns:
        Names of the model's weights that are in it with the same shape, and of all others; neither
        has how many batches a batch norm saw, which old files lack and nothing reads.

    Raises:
        InputError: None is, it bears published names, or integers where the model has floats.
    """
    state_dict = get_state_dict(checkpoint, name)
    refuse_published(state_dict, name)
    expected = model.state_dict()
    _refuse_other_kinds(expected, state_dict, name)
    _refuse_other_scale(expected, state_dict, name)
    fitting: list[str] = []
    others: list[str] = []
    for key, weights in expected.items():
        if not key.endswith('num_batches_tracked'):
            fits = key in state_dict and state_dict[key].shape == weights.shape
            (fitting if fits else others).append(key)
    if not fitting:
        raise InputError(
            f'{name} belongs to another model than {owner}: not one weight of the model, such as '
            f'{shortened(others) or "none"}, is in it with the same shape. '
            f'{_what_it_is(expected, state_dict)}'.rstrip()
        )
    return fitting, others


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


def _refuse_other_kinds(
    expected: Mapping[str, Tensor], state_dict: dict[str, Tensor], name: str
) -> None:
    """Raise where floats would be copied into integers or vice versa, as torch does unasked."""
    for key, weights in expected.items():
        given = state_dict.get(key, weights)
        if given.is_floating_point() != weights.is_floating_point():
            raise InputError(
                f'{name} belongs to another model than this config: {key} has numbers of type '
                f'{given.dtype} instead of {weights.dtype}.'
            )


def _refuse_other_scale(
    expected: Mapping[str, Tensor], state_dict: dict[str, Tensor], name: str
) -> None:
    """Raise where attention is scaled in another way, which the shapes of no weights tell."""
    for tokens in (
        key for key in expected if key.endswith('keypoint_tokens') and key in state_dict
    ):
        gain = tokens.replace('keypoint_tokens', 'query_gain')  # only there for scale dim
        ours, theirs = (
            each[gain].item() if gain in each else 1.0 for each in (expected, state_dict)
        )
        if not math.isclose(ours, theirs, rel_tol=1e-3):
            raise InputError(
                f'{name} belongs to another model than this config: its queries are multiplied by '
                f'{theirs:.4g}, not by {ours:.4g}. Set neck.attention_scale and neck.num_heads to '
                'what it was trained or converted with.'
            )


def _what_it_is(expected: Mapping[str, Tensor], state_dict: dict[str, Tensor]) -> str:
    """Name a published file that has nothing in common with a model."""
    what = '' if expected.keys() & state_dict.keys() else what_else(state_dict)
    return f'It is {what}.' if what else ''


def shortened(names: list[str]) -> str:
    """Name the first few of many: ``a; b; c (and 7 more)``."""
    more = f' (and {len(names) - NAMED} more)' if len(names) > NAMED else ''
    return '; '.join(names[:NAMED]) + more
