# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""timm is optional: it is imported where a model or a data set asks for it."""

import importlib
from types import ModuleType

from sdpose.errors import InputError


def import_timm(name: str = 'timm') -> ModuleType:
    """Import timm, or a module of it, when something that needs it is built.

    Args:
        name: For example ``timm.data``.

    Raises:
        InputError: timm or its torchvision is missing or does not fit this torch.
    """
    try:
        return importlib.import_module(name)
    except (ImportError, RuntimeError, OSError) as error:
        raise InputError(
            f'DeiT needs timm and torchvision, and {name} cannot be imported ({error}). '
            'Run: pip install --no-deps timm torchvision safetensors, with the torchvision that '
            'fits your torch.'
        ) from error
