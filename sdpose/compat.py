# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Import MMPose where the compiled parts that it names, but that we never run, are missing.

MMPose imports three things at module level that a wheels-only installation lacks:

- ``mmcv.ops`` (compiled; mmcv-lite has none) for two heads that need deformable attention,
- ``mmdet.utils`` for the RTMO head,
- ``torchvision.transforms`` for one visualizer.

:func:`import_mmpose` puts a stand-in for each missing one into ``sys.modules`` while MMPose is
imported, and takes it away again, so that nobody finds a fake package later. Whatever is
installed is used as it is.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

MMPOSE_MODULES = (
    'mmpose.codecs',
    'mmpose.datasets',
    'mmpose.engine',
    'mmpose.evaluation',
    'mmpose.models',
    'mmpose.visualization',
)


def import_mmpose() -> None:
    """Import the modules of MMPose that fill its registries.

    Raises:
        ImportError: MMPose or MMEngine is not installed; the message says how to install them.
    """
    for name in ('mmengine', 'mmcv', 'mmpose'):
        if importlib.util.find_spec(name) is None:
            raise ImportError(
                f'sdpose needs {name}, which is not installed. '
                'Run: pip install --no-deps -r requirements/openmmlab.txt '
                '(--no-deps because MMPose asks for chumpy, which does not build and is not used).'
            )
    with warnings.catch_warnings(), _stand_ins():
        warnings.filterwarnings('ignore', message='Fail to import')
        for name in MMPOSE_MODULES:
            importlib.import_module(name)


@contextmanager
def _stand_ins() -> Iterator[None]:
    """Stand-ins for the missing modules, for the time of the ``with`` block."""
    modules: dict[str, ModuleType] = {}
    if importlib.util.find_spec('mmcv._ext') is None and 'mmcv.ops' not in sys.modules:
        modules['mmcv.ops'] = _module(
            'mmcv.ops',
            MultiScaleDeformableAttention=_missing(
                'MultiScaleDeformableAttention', 'a full mmcv with compiled ops'
            ),
        )
    if importlib.util.find_spec('mmdet') is None:
        dist_utils = importlib.import_module('mmpose.utils.dist_utils')
        typing = importlib.import_module('mmpose.utils.typing')
        modules['mmdet'] = _module('mmdet')
        modules['mmdet.utils'] = _module(
            'mmdet.utils', ConfigType=typing.ConfigType, reduce_mean=dist_utils.reduce_mean
        )
    if not _torchvision_works():
        to_pil_image = _missing('ToPILImage', 'torchvision (the build that fits your torch)')
        modules['torchvision'] = _module('torchvision')
        modules['torchvision.transforms'] = _module(
            'torchvision.transforms', ToPILImage=to_pil_image
        )
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def _torchvision_works() -> bool:
    """Whether torchvision can be imported; one built for another torch raises RuntimeError."""
    try:
        importlib.import_module('torchvision.transforms')
    except (ImportError, RuntimeError, OSError):
        return False
    return True


def _module(name: str, **attributes: Any) -> ModuleType:
    module = ModuleType(name, 'Stand-in by sdpose.compat for a package that is not installed.')
    vars(module).update(attributes)
    return module


def _missing(name: str, package: str) -> type:
    """A class that can be imported and subclassed, but says what is missing when it is used."""

    def refuse(self: object, *args: Any, **kwargs: Any) -> None:
        raise ImportError(f'{name} needs {package}, which is not installed.')

    return type(name, (), {'__init__': refuse})
