# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read checkpoint files as data: the one door that every checkpoint comes through.

Nothing in a file can run code, ask for more memory than the file is worth, or bring weights that
are no finite numbers; a file that is damaged is told as such.
"""

import os
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor

from sdpose.checkpoints.allowed_objects import NotAllowedError
from sdpose.checkpoints.torch_file import LARGEST_DIRECTORY, OtherFileError, read_torch_file
from sdpose.checkpoints.weights import check_weights
from sdpose.errors import InputError, reason
from sdpose.runtime.files import check_is_file

LONGEST_REASON, LONGEST_NAME = 200, 500  # characters


def load_checkpoint_file(path: str | Path, map_location: Any = 'cpu') -> dict:
    """Read a checkpoint file without executing anything in it.

    Args:
        path: A local file, as torch or, with suffix ``.safetensors``, as safetensors wrote it.
        map_location: What MMEngine passes. It is not looked at: the tensors come on the CPU, and
            models and optimizers copy them to where they are.

    Returns:
        The checkpoint: with ``state_dict`` and ``meta``, or a bare state dict. Weights under
        ``model``, where DeiT's authors keep them, are put under ``state_dict``.

    Raises:
        InputError: The file is missing, damaged, none, or holds something other than the state of
            a training with finite weights.
    """
    path = Path(os.path.expanduser(path))  # noqa: PTH111  Path's own fails with an unknown ~name
    check_is_file(path, 'checkpoint')
    read = _read_safetensors if path.suffix == '.safetensors' else read_torch_file
    try:
        if path.stat().st_size == 0:  # that of files in /proc as well, which may have no end
            raise EOFError('it is empty')
        checkpoint = read(path)
    except InputError:
        raise
    except OSError as error:
        raise InputError(f'{path} cannot be read: {reason(error)}.') from error
    except OtherFileError as error:
        raise InputError(f'{path} is no checkpoint file, but something else.') from error
    except NotAllowedError as error:
        raise InputError(
            f'{path} is refused: it holds {_one_line(error)}, and only the weights and the state '
            'of a training are read, as anything else could run code. Ask its author for a file '
            'with the state_dict only.'
        ) from error
    except Exception as error:  # the damaged bytes of a file lead to every kind
        raise InputError(
            f'{path} is not a whole checkpoint file: {_reason(error)}. Copy or download it again.'
        ) from error
    if isinstance(checkpoint, dict) and 'state_dict' not in checkpoint:
        weights = checkpoint.get('model')
        checkpoint = dict(state_dict=weights) if isinstance(weights, dict) else checkpoint
    check_weights(get_state_dict(checkpoint, str(path)), checkpoint, str(path))
    if isinstance(checkpoint.get('meta'), dict):
        checkpoint['meta'].pop('config', None)  # MMEngine would run it as Python when it resumes
    return checkpoint


def get_state_dict(checkpoint: Any, name: str) -> dict[str, Tensor]:
    """Return the weights of a checkpoint.

    Args:
        checkpoint: With ``state_dict``, or itself a state dict.
        name: What to call the checkpoint in the message.

    Returns:
        Name -> tensor; without the ``module.`` that a distributed wrapper puts before each name.

    Raises:
        InputError: It holds something other than tensors by name.
    """
    state_dict = checkpoint.get('state_dict', checkpoint) if isinstance(checkpoint, dict) else None
    if not isinstance(state_dict, dict) or not all(
        isinstance(value, Tensor)
        and isinstance(key, str)
        and key.isprintable()
        and len(key) < LONGEST_NAME
        for key, value in state_dict.items()
    ):
        raise InputError(f'{name} holds no weights by name, as a checkpoint does.')
    return {key.removeprefix('module.'): value for key, value in state_dict.items()}


def _reason(error: Exception) -> str:
    if isinstance(error, zipfile.BadZipFile) and 'CRC' in str(error):
        return 'its check sum is wrong'
    if isinstance(error, ValueError | zipfile.BadZipFile | EOFError) and str(error):
        return _one_line(error)
    return f'{type(error).__name__} {_one_line(error)}'.strip()


def _one_line(error: Exception) -> str:
    line = next(iter(str(error).splitlines()), '')[:LONGEST_REASON]
    return ''.join(letter if letter.isprintable() else '?' for letter in line).rstrip('. ')


def _read_safetensors(path: Path) -> dict:
    try:
        from safetensors.torch import load_file  # noqa: PLC0415  optional
    except ImportError as error:
        raise InputError(
            f'{path} can be read after: pip install safetensors (sdpose works without it).'
        ) from error
    with path.open('rb') as file:
        if int.from_bytes(file.read(8), 'little') > LARGEST_DIRECTORY:
            raise ValueError('its table of contents is too large')
    return load_file(path)


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
