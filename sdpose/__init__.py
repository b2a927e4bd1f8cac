# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Tokenized human pose estimation and its distillation, as a plugin of MMPose 1.x.

Importing this package registers all its modules in MMPose's registries, and makes MMEngine read
checkpoints as data and write them whole. Configs import it with
``custom_imports = dict(imports=['sdpose'])``; a script imports ``sdpose`` before ``mmpose``.
"""

from sdpose.compat import import_mmpose

import_mmpose()

# MMPose must be importable before these are
from sdpose import codecs, datasets, engine, evaluation, models  # noqa: E402
from sdpose.checkpoints import safe_loading  # noqa: E402
from sdpose.engine import atomic_backend  # noqa: E402
from sdpose.errors import InputError  # noqa: E402
from sdpose.version import __version__  # noqa: E402

safe_loading.install()
atomic_backend.install()

__all__ = [
    'InputError',
    '__version__',
    'codecs',
    'datasets',
    'engine',
    'evaluation',
    'models',
]
