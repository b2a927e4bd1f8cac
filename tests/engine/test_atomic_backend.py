# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os

import pytest
import torch
from mmengine.fileio import get_file_backend
from mmengine.runner.checkpoint import save_checkpoint

from sdpose.engine import AtomicLocalBackend


def test_mmengine_saves_checkpoints_through_it(tmp_path):
    path = tmp_path / 'new' / 'a.pth'
    assert isinstance(get_file_backend(str(path)), AtomicLocalBackend)
    save_checkpoint(dict(value=torch.ones(1)), str(path))
    assert torch.load(path)['value'] == 1
    assert [file.name for file in path.parent.iterdir()] == ['a.pth']


def test_interrupted_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / 'a.pth'
    path.write_bytes(b'old')

    def fail(descriptor):
        raise OSError('disk full')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match='disk full'):
        AtomicLocalBackend().put(b'new', path)
    assert path.read_bytes() == b'old'
    assert [file.name for file in tmp_path.iterdir()] == ['a.pth']
