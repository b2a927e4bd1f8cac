# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the tensors in a checkpoint must be: finite real numbers."""

from collections.abc import Iterator, Mapping
from math import isfinite, isnan
from typing import Any

import torch
from torch import Tensor

from sdpose.errors import InputError

FLOATS = (torch.float32, torch.float16, torch.bfloat16, torch.float64)
INTEGERS = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)
DEPTH = 5  # of the dictionaries in an optimizer's state; where there are several optimizers: 4


def check_weights(weights: Mapping[str, Tensor], checkpoint: dict, name: str) -> None:
    """Refuse a checkpoint that no model can be made of, and no training should go on from.

    Args:
        weights: Those of the checkpoint, by name.
        checkpoint: Beside them it may have moving averages, and the state of the optimizer. All
            tensors are on the CPU.
        name: What to call the checkpoint in the message.

    Raises:
        InputError: A tensor holds no real numbers, no floating-point numbers where it is a weight
            or a bias, or is not finite.
    """
    tensors = [(f'the weight {key}', value) for key, value in weights.items()]
    for part in ('ema_state_dict', 'optimizer'):
        tensors += [(f'its {part}', value) for value in _tensors_in(checkpoint.get(part), set())]
    for what, tensor in tensors:
        must_be_float = what.endswith(('weight', 'bias'))
        if tensor.dtype not in (FLOATS if must_be_float else FLOATS + INTEGERS):
            raise InputError(
                f'{name}: {what} has numbers of type {tensor.dtype}, as no weight has.'
            )
        if tensor.dtype in FLOATS and tensor.numel():
            lowest, highest = (value.item() for value in torch.aminmax(tensor.detach()))
            if not (isfinite(lowest) and isfinite(highest)):
                raise InputError(
                    f'{name}: {what} is not finite ({"NaN" if isnan(lowest) else "infinity"}), as '
                    'after a training that diverged. Take an earlier checkpoint.'
                )


def _tensors_in(value: Any, seen: set[int], depth: int = 0) -> Iterator[Tensor]:
    """Find the tensors in dictionaries, each once: a file may nest them without end."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict) and depth < DEPTH and id(value) not in seen:
        seen.add(id(value))
        for inner in value.values():
            yield from _tensors_in(inner, seen, depth + 1)
