# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How MMEngine reads checkpoints, as data, and what fits; and writes files, whole or not at all."""

import io
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import config as mmengine_config
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import checkpoint_hook as mmengine_checkpoint_hook
from mmengine.logging import print_log
from mmengine.model import PretrainedInit, update_init_info
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint
from torch import nn

from sdpose.checkpoints.compatibility import shortened, split_fitting
from sdpose.checkpoints.safe_loading import (
    get_state_dict,
    load_checkpoint_file,
    load_checkpoint_url,
)
from sdpose.errors import InputError
from sdpose.runtime.files import write_whole


class WholeFileBackend(LocalBackend):
    """MMEngine's local file backend, which saves checkpoints and dumps, made atomic."""

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes, see :func:`write_whole`."""
        write_whole(Path(filepath), obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text, see :func:`write_whole`."""
        write_whole(Path(filepath), obj.encode(encoding))


def _open(path: str | Path, mode: str = 'r', **kwargs: Any) -> AbstractContextManager[Any]:
    """What stands for ``open`` where MMEngine writes configs and ``last_checkpoint``."""
    return _open_whole(Path(path)) if mode == 'w' else Path(path).open(mode, **kwargs)


@contextmanager
def _open_whole(path: Path) -> Iterator[io.StringIO]:
    text = io.StringIO()
    yield text
    write_whole(path, text.getvalue().encode())


def _load_pretrained(init: PretrainedInit, module: nn.Module) -> None:
    """What stands for MMEngine's ``Pretrained``, which leaves random what does not fit.

    Raises:
        InputError: Not one weight fits.
    """
    file, owner = init.checkpoint, type(module).__name__
    checkpoint = CheckpointLoader.load_checkpoint(file, init.map_location, logger='silent')
    weights = get_state_dict(checkpoint, file)
    names = module.state_dict().keys()
    if init.prefix:
        # what DataParallel puts before all names is gone from those that were read
        part = init.prefix.removeprefix('module.').rstrip('.') + '.'
        weights = {k.removeprefix(part): v for k, v in weights.items() if k.startswith(part)}
    elif not names & weights.keys():
        inside = Counter(
            k.removesuffix(name) for name in names for k in weights if k.endswith(f'.{name}')
        )
        for prefix, _ in inside.most_common(1):
            raise InputError(
                f'{file} holds more than {owner}: take this part by init_cfg.prefix={prefix}'
            )
    fitting, others = split_fitting(module, weights, file, owner)
    module.load_state_dict({name: weights[name] for name in fitting}, strict=False)
    rest = f' These start anew: {shortened(others)}.' if others else ''
    total = len(fitting) + len(others)
    print_log(f'{owner}: {file} gives {len(fitting)} of {total} weights.{rest}', 'current')
    if hasattr(module, '_params_init_info'):
        update_init_info(module, init_info=init._get_init_info())


def install() -> None:
    """Make MMEngine read every checkpoint safely, and write files through its backend whole."""

    def load_from_local(filename: str, map_location: Any) -> dict:
        return load_checkpoint_file(filename, map_location)

    def load_from_elsewhere(filename: str, map_location: Any) -> dict:
        raise InputError(
            f'Checkpoints are not read from {filename}: copy the file to this machine.'
        )

    CheckpointLoader.register_scheme('', load_from_local, force=True)
    remote = [s for s in CheckpointLoader._schemes if re.search('s3|petrel|pavi', s)]
    CheckpointLoader.register_scheme(remote, load_from_elsewhere, force=True)
    mmengine_checkpoint.load_url = load_checkpoint_url
    for module in (mmengine_config, mmengine_checkpoint_hook):
        vars(module)['open'] = _open
    register_backend('local', WholeFileBackend, prefixes='', force=True)
    PretrainedInit.__call__ = _load_pretrained
