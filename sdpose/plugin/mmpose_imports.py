# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Import MMPose where the compiled parts that it names, but that we never run, are missing.

MMPose imports four things at module level that a wheels-only installation lacks:

- ``mmcv.ops`` (compiled; mmcv-lite has none) for two heads that need deformable attention,
- ``mmdet.utils`` for the RTMO head,
- ``torchvision.transforms`` for one visualizer,
- ``xtcocotools``, which has no wheels for current Pythons; in its place
  :mod:`sdpose.annotations.coco_evaluation` stands, also where it is installed.

:func:`import_mmpose` puts a stand-in for each missing one into ``sys.modules`` while MMPose is
imported, and takes it away again, so that nobody finds a fake package later. Whatever is
installed is used as it is.

A torchvision whose compiled operators do not load (one built for CUDA beside a CPU torch, as the
package index gives it) is imported for its Python parts, of which timm and MMPose need no more.
"""

import importlib
import importlib.util
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from types import ModuleType
from typing import Any

import torch
from pycocotools import mask

from sdpose.annotations import coco_evaluation

# Operators that torchvision describes to torch on import, whether or not they could be loaded.
TORCHVISION_OPERATORS = (
    'nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
    'qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor',
)
MMPOSE_MODULES = (
    'mmpose.codecs',
    'mmpose.datasets',
    'mmpose.engine',
    'mmpose.evaluation',
    'mmpose.models',
    'mmpose.visualization',
)


def import_mmpose() -> None:
    """Import the modules of MMPose that fill its registries."""
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
    if 'xtcocotools' not in sys.modules:  # one that is installed may be built for another numpy
        ours = dict(COCO=coco_evaluation.COCO, COCOeval=coco_evaluation.COCOeval)
        modules['xtcocotools'] = _module('xtcocotools', mask=mask)
        modules['xtcocotools.mask'] = mask
        for name in ('coco', 'cocoeval'):
            modules[f'xtcocotools.{name}'] = _module(f'xtcocotools.{name}', **ours)
    sys.modules.update(modules)
    try:
        yield
    finally:
        for name in modules:
            sys.modules.pop(name, None)


def _torchvision_works() -> bool:
    """Whether torchvision can be imported, if need be without its compiled operators."""
    try:
        importlib.import_module('torchvision.transforms')
    except RuntimeError as error:
        return 'operator torchvision::' in str(error) and _torchvision_works_without_operators()
    except (ImportError, OSError):
        return False
    return True


def _torchvision_works_without_operators() -> bool:
    """Import torchvision again, now that torch knows the names of its operators.

    Only the names: calling such an operator ends in torchvision's own message that its compiled
    operators could not be loaded.
    """
    _declare_torchvision_operators()
    try:
        importlib.import_module('torchvision.transforms')
    except (ImportError, RuntimeError, OSError):
        return False
    return True


@cache  # a library that is collected would take its names away again
def _declare_torchvision_operators() -> torch.library.Library:
    library = torch.library.Library('torchvision', 'FRAGMENT')
    for operator in TORCHVISION_OPERATORS:
        if not hasattr(torch.ops.torchvision, operator.split('(', maxsplit=1)[0]):
            library.define(operator)
    return library


def _module(name: str, **attributes: Any) -> ModuleType:
    module = ModuleType(name, 'Stand-in by sdpose.plugin for a package that is not installed.')
    vars(module).update(attributes)
    return module


def _missing(name: str, package: str) -> type:
    """A class that can be imported and subclassed, but says what is missing when it is used."""

    def refuse(self: object, *args: Any, **kwargs: Any) -> None:
        raise ImportError(f'{name} needs {package}, which is not installed.')

    return type(name, (), {'__init__': refuse})
