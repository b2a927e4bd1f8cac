# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read config files, and change settings of them."""

import logging
from copy import deepcopy
from pathlib import Path
from textwrap import shorten
from typing import Any

import yaml
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import print_log

from sdpose.engine.setting_checks import check_settings
from sdpose.engine.signatures import built_from, settings_of
from sdpose.errors import BuildError, InputError, did_you_mean
from sdpose.runtime.files import check_is_file


def load_config(path: str) -> Config:
    """Read a config file.

    Args:
        path: A file, or ``mmpose::...`` for one of MMPose's own.

    Raises:
        InputError: It is missing or broken.
    """
    try:
        if '::' in path:
            return get_config(path)
        _check_files(Path(path))
        return Config.fromfile(path)
    except InputError:
        raise
    except (Exception, SystemExit) as error:  # a config is Python: anything can be wrong with it
        first_line = str(error).partition('\n')[0]
        raise BuildError(f'{path} cannot be read: {type(error).__name__}: {first_line}') from error


def _check_files(path: Path, above: tuple[Path, ...] = ()) -> None:
    """Check that a config and its bases are files that end. YAML is read here as data only."""
    try:
        check_is_file(path, 'config')
    except InputError as error:
        names = [config.name for config in Path('configs').rglob('*.py')]
        hint = did_you_mean(path.name, names if not above else []) or _order_of(path)
        where = f'{above[-1]}, _base_: ' if above else ''
        raise InputError(f'{where}{error}{hint}') from error
    if _order_of(path):
        raise InputError(f'{path} is no config file.{_order_of(path)}')
    if path.resolve() in above:
        raise InputError(f'{above[-1]}, _base_: it leads back to {path}.')
    if path.suffix in ('.yaml', '.yml'):
        yaml.safe_load(path.read_bytes())  # MMEngine would run what it is told to
    for base in Config._get_base_files(str(path)):
        base_path, _ = Config._get_cfg_path(base, str(path))
        _check_files(Path(base_path), (*above, path.resolve()))


def _order_of(path: Path) -> str:
    """What to say of something that cannot be a config."""
    is_config = path.suffix in ('.py', '.json', '.yaml', '.yml')
    return '' if is_config else ' Configs (.py) come before other files.'


def merge_options(cfg: Config, options: dict[str, Any]) -> Config:
    """Return a config with some settings replaced, and hold all its values to what they may be.

    Options that look mistyped are refused: MMEngine would silently add them to the config. A
    config need not name the settings that it leaves at their defaults, so a new name is held
    against the signature of what will be built. Where nobody can know, what may be a slip is
    logged as a warning.

    Args:
        cfg: It is not changed.
        options: Dotted key -> value.

    Raises:
        InputError: One names no setting, or an element that a list has not; or a value, of an
            option or of the config, cannot be right (:func:`check_settings`).
    """
    if any(key.split('.')[0] == 'custom_imports' for key in options):
        raise InputError('--cfg-options custom_imports: it is read with the file, so set it there.')
    changed = deepcopy(cfg)  # Config.copy() shares what is nested
    for key, value in options.items():
        try:
            changed.merge_from_dict({key: value})
        except (AttributeError, KeyError, IndexError, TypeError, ValueError) as error:
            why = shorten(str(error.args[0]), 160, placeholder=' ...')
            raise InputError(f'--cfg-options {key}: it does not fit the config: {why}.') from error
    for key in options:
        _check_names(key, cfg, changed)
    check_settings(changed, options, cfg.filename or 'The config')
    return changed


def _check_names(key: str, before: Any, after: Any) -> None:
    """Look at each name of an option, as far as the config has it and at the next one.

    Args:
        key: Dotted names.
        before: The config without the option.
        after: The config with it, which knows the types of what will be built.
    """
    path = tuple(key.split('.'))
    if not all(path):
        raise InputError(f'--cfg-options {key!r}: there is a name missing in it.')
    for index, name in enumerate(path):
        if isinstance(before, list | tuple) and name.isdigit():
            step: Any = int(name)
        elif isinstance(before, dict | Config):
            step = name
            _check_name(key, path[:index], name, list(before.keys()), after)
        else:
            return
        try:
            before, after = before[step], after[step]
        except (IndexError, KeyError, TypeError):  # the option adds it, or another one replaces it
            return


def _check_name(key: str, path: tuple[str, ...], name: str, known: list[str], node: Any) -> None:
    """Tell a slip from a setting that the config leaves at its default."""
    accepted, is_complete = settings_of(built_from(path, node))
    if name in {'type', *accepted} or (path and name in known):
        return
    if name in known:
        raise InputError(
            f'--cfg-options {key}: {name} is a variable of the config file, whose value has gone '
            'into other settings. Change those.'
        )
    hint = did_you_mean(name, {*known, *accepted} - {'self'}, cutoff=0.7)
    message = f'{".".join(path) or "the config"} has no setting {name!r}.{hint}'
    if is_complete and (hint or not path):  # others will be told when they are built
        raise InputError(f'--cfg-options {key}: {message}')
    if hint:
        print_log(f'--cfg-options {key}: {message}', 'current', logging.WARNING)


def replace_data_root(cfg: Config, data_root: str) -> None:
    """Replace the config's data_root in every path in it.

    Args:
        cfg: Changed in place.
        data_root: The new folder.

    Raises:
        InputError: The config has no ``data_root``.
    """
    if not data_root:
        raise InputError('--data-root is empty, as of a shell variable that is not set.')
    if not isinstance(cfg.get('data_root'), str) or not cfg.data_root:
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
