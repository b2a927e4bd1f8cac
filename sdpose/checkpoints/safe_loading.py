# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read checkpoint files as data: nothing in them can run code.

A checkpoint is a pickle, and a pickle from a stranger can execute anything. MMEngine's own
checkpoints hold a few objects beyond tensors (its log buffers, numpy metadata), which torch's
``weights_only=True`` refuses. Here is the list of exactly those, and one reader that every
checkpoint goes through.
"""

import codecs
import inspect
import pickle
import re
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from sdpose.errors import InputError

HISTORY_BUFFER_METHODS = ('mean', 'max', 'min', 'current')


def _safe_getattr(owner: Any, name: str) -> Any:
    """What stands for ``builtins.getattr``: a log buffer pickles references to its statistics."""
    if owner is HistoryBuffer and name in HISTORY_BUFFER_METHODS:
        return getattr(HistoryBuffer, name)
    raise pickle.UnpicklingError(f'getattr({owner!r}, {name!r}) is not allowed in a checkpoint')


def _allowed_objects() -> dict[str, Any]:
    """Name in the pickle -> object that it may stand for, beyond what torch itself allows."""
    allowed: dict[str, Any] = {'builtins.getattr': _safe_getattr}
    rebuild_array = np.zeros(0).__reduce__()[0]
    rebuild_scalar = np.float64(0).__reduce__()[0]
    for package in ('numpy.core', 'numpy._core'):  # renamed in numpy 2
        allowed[f'{package}.multiarray._reconstruct'] = rebuild_array
        allowed[f'{package}.multiarray.scalar'] = rebuild_scalar
    dtype_classes = {type(np.dtype(code)) for code in '?bhilqBHILQefdSU'}
    # torch itself allows these in its later versions
    allowed['_codecs.encode'] = codecs.encode
    for cls in (set, bytearray, complex, Counter, torch.device):
        allowed[f'{cls.__module__}.{cls.__qualname__}'] = cls
    for cls in (HistoryBuffer, np.ndarray, np.dtype, *dtype_classes):
        allowed[f'{cls.__module__}.{cls.__qualname__}'] = cls
    return allowed


ALLOWED = _allowed_objects()


def load_checkpoint_file(path: str | Path, map_location: Any = 'cpu') -> dict:
    """Read a checkpoint file without executing anything in it.

    Args:
        path: A local file, as torch or, with suffix ``.safetensors``, as safetensors wrote it.
        map_location: As for :func:`torch.load`.

    Returns:
        The checkpoint: with ``state_dict`` and ``meta``, or a bare state dict. Weights under
        ``model``, where DeiT's authors keep them, are put under ``state_dict``.

    Raises:
        InputError: The file is missing, broken, or holds objects that are not on the list.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise InputError(f'There is no checkpoint {path}.')
    load = _load_weights_only if _torch_takes_renamed_globals() else load_with_restricted_pickle
    if path.suffix == '.safetensors':
        load = _load_safetensors
    try:
        checkpoint = load(path, map_location)
    except pickle.UnpicklingError as error:
        if re.search('invalid load key|Unsupported operand', str(error)):
            raise InputError(f'{path} is no checkpoint file, but something else.') from error
        raise InputError(
            f'{path} is refused: it holds something other than weights, which could run code '
            f'when loaded ({_reason(error)}). Ask its author for a file with the state_dict only.'
        ) from error
    except (
        RuntimeError,
        EOFError,
        OSError,
        LookupError,
        AttributeError,
        TypeError,
        ValueError,
    ) as error:
        raise InputError(
            f'{path} is not a whole checkpoint file ({type(error).__name__}: '
            f'{str(error).splitlines()[0] if str(error) else "empty"}). Copy or download it again.'
        ) from error
    if isinstance(checkpoint, dict) and 'state_dict' not in checkpoint:
        weights = checkpoint.get('model')
        checkpoint = dict(state_dict=weights) if isinstance(weights, dict) else checkpoint
    get_state_dict(checkpoint, str(path))
    return checkpoint


def get_state_dict(checkpoint: Any, name: str) -> dict[str, torch.Tensor]:
    """Return the weights of a checkpoint.

    Args:
        checkpoint: With ``state_dict``, or itself a state dict.
        name: What to call the checkpoint in the message.

    Returns:
        Name -> tensor; without the ``module.`` that a distributed wrapper puts before each name.

    Raises:
        InputError: It holds no named tensors.
    """
    state_dict = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(state_dict, dict) or not all(isinstance(key, str) for key in state_dict):
        raise InputError(f'{name} holds no weights by name, as a checkpoint does.')
    return {key.removeprefix('module.'): value for key, value in state_dict.items()}


def _reason(error: pickle.UnpicklingError) -> str:
    """The sentence of torch's message that names the object; others tell how to do without."""
    sentences = re.split(r'\n|(?<=[\w`])\. ', str(error))
    naming = [text for text in sentences if re.search(r'GLOBAL|not allowed|Unsupported', text)]
    return (naming or sentences)[0].strip().removeprefix('WeightsUnpickler error: ')


def _torch_takes_renamed_globals() -> bool:
    """Whether ``safe_globals`` accepts (object, name) pairs, which a renamed getattr needs."""
    safe_globals = getattr(torch.serialization, 'safe_globals', None)
    return safe_globals is not None and 'tuple' in str(inspect.signature(safe_globals)).lower()


def _load_weights_only(path: Path, map_location: Any) -> dict:
    pairs: list[Any] = [(allowed, name) for name, allowed in ALLOWED.items()]
    with torch.serialization.safe_globals(pairs):
        return torch.load(path, map_location=map_location, weights_only=True)


def _load_safetensors(path: Path, map_location: Any) -> dict:
    try:
        from safetensors import SafetensorError  # noqa: PLC0415  optional
        from safetensors.torch import load_file  # noqa: PLC0415
    except ImportError as error:
        raise InputError(
            f'{path} can be read after: pip install safetensors (sdpose works without it).'
        ) from error
    device = torch.device(map_location or 'cpu')
    try:
        return load_file(path, str(device))
    except SafetensorError as error:
        raise RuntimeError(str(error)) from error


def load_with_restricted_pickle(path: Path, map_location: Any) -> dict:
    """The same for old versions of torch: an unpickler that finds the allowed names only."""
    restricted = SimpleNamespace(
        Unpickler=_AllowListUnpickler,
        load=lambda file, **kwargs: _AllowListUnpickler(file, **kwargs).load(),
        __name__='sdpose.checkpoints.safe_loading',
    )
    return torch.load(path, map_location=map_location, pickle_module=restricted, weights_only=False)


class _AllowListUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        allowed = {
            **torch._weights_only_unpickler._get_allowed_globals(),
            **ALLOWED,
        }
        module = 'builtins' if module == '__builtin__' else module  # as Python 2 named it
        try:
            return allowed[f'{module}.{name}']
        except KeyError:
            raise pickle.UnpicklingError(f'{module}.{name} is not allowed') from None


def load_checkpoint_url(url: str, model_dir: str | None = None, **kwargs: Any) -> dict:
    """Download a checkpoint once into torch's cache and read it safely.

    Stands for ``torch.hub.load_state_dict_from_url``, which MMEngine calls for ``http://``,
    ``torchvision://`` and ``openmmlab://``.

    Args:
        url: Address of the file.
        model_dir: Folder of the cache; torch's own by default.
        **kwargs: ``map_location`` and ``progress`` as for torch's function.
    """
    folder = Path(model_dir or Path(torch.hub.get_dir()) / 'checkpoints')
    path = folder / Path(urlparse(url).path).name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            torch.hub.download_url_to_file(url, str(path), progress=kwargs.get('progress', True))
        except OSError as error:
            raise InputError(
                f'{url} could not be downloaded ({error}). Download it elsewhere and put it at '
                f'{path}, or train from scratch with --cfg-options model.backbone.init_cfg=None.'
            ) from error
    return load_checkpoint_file(path, kwargs.get('map_location', 'cpu'))
