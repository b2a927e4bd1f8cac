# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Say in one sentence what is wrong with an installation, instead of a stack trace inside of it."""

import importlib
import importlib.util
import os
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from typing import Any

OPENMMLAB = (
    'pip install --no-deps mmengine==0.10.7 mmcv-lite==2.1.0 mmpose==1.3.2 (--no-deps because '
    'MMPose asks for chumpy, which does not build and is not used)'
)
NEEDED = dict.fromkeys(('mmengine', 'mmcv', 'mmpose'), OPENMMLAB) | {
    'faster_coco_eval': 'pip install faster-coco-eval',
    'pycocotools': 'pip install pycocotools',
}
# Distributions that write into the same folder
RIVALS = (
    ('opencv-python', 'opencv-python-headless', 'opencv-contrib-python'),
    ('mmcv', 'mmcv-lite', 'onedl-mmcv'),
    ('mmengine', 'onedl-mmengine'),
)


class InstallationError(ImportError):
    """Packages are missing, or do not fit each other."""


def check_installation() -> None:
    """Check what the plugin rests on, before it is imported.

    Raises:
        InstallationError: Something is missing, half installed, there twice, or built for another
            version of something else.
    """
    try:
        _check()
    except InstallationError:
        sys.excepthook = _one_sentence(sys.excepthook)
        raise


def _check() -> None:
    for name, command in NEEDED.items():
        if importlib.util.find_spec(name) is None:
            raise InstallationError(f'sdpose needs {name}, which is not installed. Run: {command}.')
    for rivals in RIVALS:
        found = {name: number for name in rivals if (number := _version(name))}
        if len(set(found.values())) > 1:
            both = ' and '.join(f'{name} {number}' for name, number in found.items())
            raise InstallationError(
                f'{both} write into the same folder: uninstall all of them (pip uninstall '
                f'{" ".join(found)}), and install one again.'
            )
    _check_numpy()
    if importlib.util.find_spec('mmcv._ext') is not None:
        try:
            importlib.import_module('mmcv._ext')
        except (ImportError, OSError) as error:
            raise InstallationError(
                f'The compiled operators of mmcv do not load ({str(error).splitlines()[0]}): they '
                'were built for another torch, or in part. Take mmcv-lite, or build mmcv again.'
            ) from error


def _check_numpy() -> None:
    """Torch below 2.3 was built for numpy 1, and only warns where numpy is newer."""
    import numpy as np  # noqa: PLC0415

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        import torch  # noqa: PLC0415

        try:
            torch.from_numpy(np.zeros(1))
        except RuntimeError as error:
            raise InstallationError(
                f'torch {torch.__version__} cannot use numpy {np.__version__} ({error}): '
                "pip install 'numpy<2', or take a newer torch."
            ) from error


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _one_sentence(usual: Any) -> Any:
    """A hook for uncaught errors that tells an :class:`InstallationError` without its trace."""

    def hook(kind: type, error: BaseException, trace: Any) -> None:
        if isinstance(error, InstallationError) and os.environ.get('SDPOSE_TRACEBACK') != '1':
            sys.stderr.write(f'Error: {error}\n')
        else:
            usual(kind, error, trace)

    return hook
