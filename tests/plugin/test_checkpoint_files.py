# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os

import pytest
import torch
from mmengine.config import Config
from mmengine.fileio import get_file_backend
from mmengine.runner import CheckpointLoader
from mmengine.runner.checkpoint import save_checkpoint

from sdpose.errors import InputError
from sdpose.plugin.checkpoint_files import WholeFileBackend


def test_mmengine_saves_checkpoints_whole(tmp_path, monkeypatch):
    path = tmp_path / 'new' / 'a.pth'
    assert isinstance(get_file_backend(str(path)), WholeFileBackend)
    save_checkpoint(dict(value=torch.ones(1)), str(path))
    assert torch.load(path)['value'] == 1
    assert [file.name for file in path.parent.iterdir()] == ['a.pth']

    def fail(descriptor):
        raise OSError(28, 'No space left on device')

    monkeypatch.setattr(os, 'fsync', fail)
    with pytest.raises(OSError, match=r'No space left on device.*a\.pth'):
        save_checkpoint(dict(value=torch.zeros(1)), str(path))
    assert torch.load(path)['value'] == 1
    assert [file.name for file in path.parent.iterdir()] == ['a.pth']


def test_mmengine_reads_checkpoints_as_data(tmp_path):
    torch.save(dict(state_dict={}, surprise=os.system), tmp_path / 'a.pth')
    with pytest.raises(InputError, match='is refused'):
        CheckpointLoader.load_checkpoint(str(tmp_path / 'a.pth'))
    with pytest.raises(InputError, match='copy the file to this machine'):
        CheckpointLoader.load_checkpoint('s3://bucket/a.pth')


def test_mmengine_writes_configs_whole(tmp_path, monkeypatch):
    path = tmp_path / 'config.py'
    Config(dict(a=1)).dump(path)
    assert Config.fromfile(path).a == 1
    monkeypatch.setattr(Config, 'pretty_text', property(lambda cfg: interrupt()))
    with pytest.raises(KeyboardInterrupt):
        Config(dict(a=2)).dump(path)
    assert path.read_text() == 'a = 1\n'


def interrupt():
    raise KeyboardInterrupt
