# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How MMEngine reads checkpoints, as data, and writes files, whole or not at all."""

import io
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from mmengine.config import config as mmengine_config
from mmengine.fileio import LocalBackend, register_backend
from mmengine.hooks import checkpoint_hook as mmengine_checkpoint_hook
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint

from sdpose.checkpoints.safe_loading import load_checkpoint_file, load_checkpoint_url
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
