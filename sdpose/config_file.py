# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read config files."""

from difflib import get_close_matches
from pathlib import Path

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
