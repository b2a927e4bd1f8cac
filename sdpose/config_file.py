# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read config files."""

from difflib import get_close_matches
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.hub import get_config

from sdpose.errors import InputError


def load_config(path: str) -> Config:
    """Read a config file.

    Args:
        path: A file, or ``mmpose::...`` for one of MMPose's own.

    Raises:
        InputError: It is missing or broken.
    """
    if '::' not in path and not Path(path).is_file():
        near = get_close_matches(Path(path).name, [p.name for p in Path('configs').rglob('*.py')])
        raise InputError(
            f'There is no config {path}.' + (f' Did you mean {near[0]}?' if near else '')
        )
    try:
        return get_config(path) if '::' in path else Config.fromfile(path)
    except Exception as error:  # a config is Python: anything can be wrong with it
        raise InputError(f'{path} cannot be read: {type(error).__name__}: {error}') from error


def check_options(cfg: Config, options: dict[str, Any]) -> None:
    """Refuse options that look mistyped: MMEngine would silently add them to the config.

    A key that resembles none of its neighbours is let through: a config need not name the
    settings that it leaves at their defaults.

    Args:
        cfg: The config before the options are applied.
        options: Dotted key -> value.
    """
    for key in options:
        node: Any = cfg
        parts = key.split('.')
        for index, part in enumerate(parts):
            if isinstance(node, (list, tuple)) and part.isdigit() and int(part) < len(node):
                node = node[int(part)]
            elif isinstance(node, dict | Config) and part in node:
                node = node[part]
            else:
                names = list(node.keys()) if isinstance(node, dict | Config) else []
                near = get_close_matches(part, names, n=1, cutoff=0.7)
                where = '.'.join(parts[:index]) or 'the config'
                if near:
                    raise InputError(
                        f'--cfg-options {key}: {where} has no setting {part!r}. '
                        f'Did you mean {near[0]}?'
                    )
                break
