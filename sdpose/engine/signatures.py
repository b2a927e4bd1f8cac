# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMEngine will call with the settings of a config, and which settings that takes."""

import inspect
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from numbers import Real
from typing import Any, NamedTuple, Union

import mmpose.registry
import numpy as np
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmengine.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
    TestLoop,
    ValLoop,
    set_random_seed,
)
from torch.utils.data import DataLoader

REGISTRIES = [each for each in vars(mmpose.registry).values() if isinstance(each, Registry)]
# What MMEngine builds of settings without a type, and what else it takes there
BUILT_AT_ROOT: dict[tuple[str, ...], Any] = {
    ('train_cfg',): EpochBasedTrainLoop,
    ('val_cfg',): ValLoop,
    ('test_cfg',): TestLoop,
    ('optim_wrapper',): OptimWrapper,
    ('randomness',): set_random_seed,
    **{(f'{phase}_dataloader',): DataLoader for phase in ('train', 'val', 'test')},
}
EXTRAS = {
    Runner: {'sync_bn', 'compile', 'custom_imports', 'num_gpus'}
    | {'model_wrapper_cfg', 'find_unused_parameters'},
    DataLoader: {'num_batch_per_epoch'},
    OptimWrapper: {'type', 'constructor', 'paramwise_cfg'},
    EpochBasedTrainLoop: {'type', 'by_epoch'},
    IterBasedTrainLoop: {'type', 'by_epoch'},
}
# What a config can hold for a type hint, and how to call it; of lists there are many
PLAIN = {bool: 'True or False', int: 'a number', float: 'a number', str: 'a text', dict: 'a dict'}
LISTS = (list, tuple, set, Sequence, Iterable)
UNIONS = (Union, types.UnionType)
# MMPose's hints say a dict, and a list of pairs of one kind
WRONG_HINTS = {'vis_backends', 'mapping'}


class Setting(NamedTuple):
    """What a signature says of an argument.

    Attributes:
        hint: Its type hint, or ``Any``.
        default: Its default, ``Parameter.empty`` if it has none.
    """

    hint: Any = Any
    default: Any = inspect.Parameter.empty


def built_from(path: tuple[str, ...], node: Any) -> Any:
    """Find the class or function that MMEngine will call with some settings.

    Args:
        path: Names that lead to the settings, from the root of the config.
        node: The settings.

    Returns:
        ``None`` if it is not known.
    """
    if not path:
        return Runner
    if not isinstance(node, Mapping):
        return None
    name = node.get('type')
    if isinstance(name, str):
        return _registered(name)
    if name is None and path == ('train_cfg',) and not node.get('by_epoch', True):
        return IterBasedTrainLoop
    return BUILT_AT_ROOT.get(path) if name is None else name if callable(name) else None


@cache
def _registered(name: str) -> Any:
    try:
        return next((found for each in REGISTRIES if (found := each.get(name))), None)
    except Exception:  # a name with dots is imported: anything can happen; building it will tell
        return None


@cache
def settings_of(built: Any) -> tuple[dict[str, Setting], bool]:
    """All arguments of a class or function by their names, and whether nothing else is taken."""
    settings: dict[str, Setting] = {}
    if built is None:
        return settings, False
    # **kwargs go to the next class
    for each in inspect.getmro(built) if inspect.isclass(built) else (built,):
        if inspect.isclass(each) and '__init__' not in vars(each):
            continue
        try:
            parameters = inspect.signature(each).parameters.values()
        except (TypeError, ValueError):  # it is not written in Python
            break
        settings |= dict.fromkeys(EXTRAS.get(each, ()), Setting())
        hints = _hints_of(each.__init__ if inspect.isclass(each) else each)
        for parameter in parameters:
            setting = Setting(hints.get(parameter.name, Any), parameter.default)
            settings.setdefault(parameter.name, setting)
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            return settings, True
    return settings, False


def _hints_of(function: Any) -> dict[str, Any]:
    try:
        # torch imports some names from typing for type checkers only
        return typing.get_type_hints(function, localns=vars(typing))
    except (AttributeError, NameError, TypeError):
        return {}


def fits(value: Any, hint: Any) -> bool:
    """Whether a value of a config can be what a type hint says, as far as that can be told.

    Configs hold lists for tuples, dicts for objects, and any number for any other.
    """
    kind, inner = typing.get_origin(hint) or hint, typing.get_args(hint)
    if kind in UNIONS:
        return any(fits(value, each) for each in inner)
    if kind in LISTS:
        is_list = isinstance(value, list | tuple | set)
        if length := _length(kind, inner):
            return is_list and len(value) == length and all(map(fits, value, inner))
        return is_list and (not inner or all(fits(each, inner[0]) for each in value))
    if kind in PLAIN:
        types_of_kind = Real if kind in (int, float) else kind
        return isinstance(value, types_of_kind) and isinstance(value, bool) == (kind is bool)
    if kind is types.NoneType:
        return value is None
    is_object = inspect.isclass(kind) and kind not in (Any, object, np.ndarray)
    return not is_object or not isinstance(value, Real | str | list | tuple | types.NoneType)


def describe(hint: Any) -> str:
    """What a config can hold for a type hint, in words."""
    kind, inner = typing.get_origin(hint) or hint, typing.get_args(hint)
    if kind in UNIONS:
        return ' or '.join(dict.fromkeys(map(describe, inner)))
    if kind in LISTS:
        if length := _length(kind, inner):
            return f'a list of {length}'
        elements = describe(inner[0]) if inner else ''
        return f'a list of {elements[2:]}s' if elements in PLAIN.values() else 'a list'
    return 'None' if kind is types.NoneType else PLAIN.get(kind, 'a dict')


def _length(kind: Any, inner: tuple) -> int:
    """How long a tuple must be; 0 for any length, which many hints mean by ``Tuple[float]``."""
    return len(inner) if kind is tuple and len(inner) > 1 and inner[-1] is not Ellipsis else 0
