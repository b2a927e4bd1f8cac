# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read config files, and change settings of them."""

import inspect
import logging
from copy import deepcopy
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import mmpose.registry
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import print_log
from mmengine.optim import OptimWrapper
from mmengine.registry import Registry
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner, TestLoop, ValLoop
from torch.utils.data import DataLoader

from sdpose.errors import BuildError, InputError

REGISTRIES = [each for each in vars(mmpose.registry).values() if isinstance(each, Registry)]
# What MMEngine builds of settings without a type, and what else it takes there
BUILT_AT_ROOT: dict[str, Any] = dict(
    train_cfg=EpochBasedTrainLoop, val_cfg=ValLoop, test_cfg=TestLoop, optim_wrapper=OptimWrapper
) | {f'{phase}_dataloader': DataLoader for phase in ('train', 'val', 'test')}
EXTRAS = {
    DataLoader: {'num_batch_per_epoch'},
    OptimWrapper: {'type', 'constructor', 'paramwise_cfg'},
    EpochBasedTrainLoop: {'type', 'by_epoch'},
    IterBasedTrainLoop: {'type', 'by_epoch'},
}


def load_config(path: str) -> Config:
    """Read a config file.

    Args:
        path: A file, or ``mmpose::...`` for one of MMPose's own.

    Raises:
        InputError: It is missing or broken.
    """
    if '::' not in path and not Path(path).is_file():
        near = get_close_matches(Path(path).name, [p.name for p in Path('configs').rglob('*.py')])
        hint = f' Did you mean {near[0]}?' if near else ''
        raise InputError(f'There is no config {path}.{hint or _order_of(path)}')
    if '::' not in path and _order_of(path):
        raise InputError(f'{path} is no config file.{_order_of(path)}')
    try:
        return get_config(path) if '::' in path else Config.fromfile(path)
    except Exception as error:  # a config is Python: anything can be wrong with it
        first_line = str(error).partition('\n')[0]
        raise BuildError(f'{path} cannot be read: {type(error).__name__}: {first_line}') from error


def _order_of(path: str) -> str:
    """What to say of something that cannot be a config."""
    is_config = Path(path).suffix in ('.py', '.json', '.yaml', '.yml')
    return '' if is_config else ' Configs (.py) come before other files.'


def merge_options(cfg: Config, options: dict[str, Any]) -> Config:
    """Return a config with some settings replaced.

    Options that look mistyped are refused: MMEngine would silently add them to the config. A
    config need not name the settings that it leaves at their defaults, so a new name is held
    against the signature of what will be built. Where nobody can know, a likely slip is logged as
    a warning.

    Args:
        cfg: It is not changed.
        options: Dotted key -> value.

    Raises:
        InputError: One names no setting, but resembles one; or an element that a list has not.
    """
    changed = deepcopy(cfg)  # Config.copy() shares what is nested
    try:
        changed.merge_from_dict(options)
    except (KeyError, IndexError, TypeError, ValueError) as error:
        raise InputError(f'--cfg-options {" ".join(options)}: {error.args[0]}.') from error
    for key in options:
        before: Any = cfg
        after: Any = changed  # it knows the types of what will be built
        path = key.split('.')
        for index, part in enumerate(path):
            is_list = isinstance(before, list | tuple) and part.isdigit()
            if not is_list and not isinstance(before, dict | Config):
                break
            if not is_list and part not in before:
                _check_new_name(key, path[:index], part, list(before.keys()), after)
                break
            step = int(part) if is_list else part
            before, after = before[step], after[step]
    return changed


def _check_new_name(key: str, path: list[str], name: str, known: list[str], node: Any) -> None:
    """Tell a slip from a setting that the config leaves at its default."""
    accepted, is_complete = _settings_of(_built_from(path, node))
    near = get_close_matches(name, {*known, *accepted} - {'self'}, n=1, cutoff=0.7)
    if name in {'type', *accepted} or not near:
        return
    where = '.'.join(path) or 'the config'
    message = f'--cfg-options {key}: {where} has no setting {name!r}. Did you mean {near[0]}?'
    if is_complete:
        raise InputError(message)
    print_log(message, 'current', logging.WARNING)


def _built_from(path: list[str], node: Any) -> Any:
    """The class or function that MMEngine will call with some settings; ``None`` if unknown."""
    name = node.get('type') if path else Runner
    if isinstance(name, str):
        return next((found for each in REGISTRIES if (found := each.get(name))), None)
    if name is None and path == ['train_cfg'] and not node.get('by_epoch', True):
        return IterBasedTrainLoop
    return BUILT_AT_ROOT.get('.'.join(path)) if name is None else name


def _settings_of(built: Any) -> tuple[set[str], bool]:
    """Names of all arguments, and whether nothing else is taken."""
    if built is None:
        return set(), False
    names = set(EXTRAS.get(built, ()))
    # **kwargs go to the next class
    for each in inspect.getmro(built) if inspect.isclass(built) else (built,):
        if inspect.isclass(each) and '__init__' not in vars(each):
            continue
        parameters = inspect.signature(each).parameters.values()
        names |= {parameter.name for parameter in parameters}
        if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
            return names, True
    return names, False


def replace_data_root(cfg: Config, data_root: str) -> None:
    """Replace the config's data_root in every path in it.

    Args:
        cfg: Changed in place.
        data_root: The new folder.

    Raises:
        InputError: The config has no ``data_root``.
    """
    if not cfg.get('data_root'):
        raise InputError('--data-root replaces the data_root of a config, but this one has none.')
    old, new = cfg.data_root.rstrip('/'), str(Path(data_root))

    def replaced(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: replaced(value) for key, value in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(replaced(value) for value in node)
        inside = isinstance(node, str) and f'{node}/'.startswith(f'{old}/')
        return new + node[len(old) :] if inside else node

    cfg.merge_from_dict(replaced(cfg.to_dict()))
