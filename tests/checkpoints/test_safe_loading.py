# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint

from sdpose.checkpoints.safe_loading import (
    load_checkpoint_file,
    load_checkpoint_url,
    load_with_restricted_pickle,
)
from sdpose.errors import InputError

LOADERS = [load_checkpoint_file, lambda path: load_with_restricted_pickle(Path(path), 'cpu')]
IDS = ['torch', 'restricted unpickler']


class Malicious:
    """What a stranger may put into a checkpoint: it runs a command when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.system, (f'touch {self.path}',)


@pytest.fixture
def mmengine_checkpoint_file(tmp_path):
    """Everything that a checkpoint of MMEngine's Runner holds."""
    hub = MessageHub('test_safe_loading')
    for value in (1.0, 3.0):
        hub.update_scalar('train/loss', value)
    model = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    path = tmp_path / 'epoch_1.pth'
    checkpoint = dict(
        meta=dict(epoch=1, seed=0, dataset_meta=dict(sigmas=np.arange(3.0), scale=np.float32(2))),
        state_dict=model.state_dict(),
        message_hub=hub.state_dict(),
        optimizer=optimizer.state_dict(),
    )
    torch.save(checkpoint, path)
    return path


@pytest.mark.parametrize('load', LOADERS, ids=IDS)
def test_checkpoint_of_mmengine_is_read_whole(load, mmengine_checkpoint_file):
    checkpoint = load(mmengine_checkpoint_file)
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert history.mean() == 2
    assert history.statistics('max') == 3
    assert checkpoint['meta']['dataset_meta']['sigmas'].tolist() == [0, 1, 2]
    assert checkpoint['meta']['dataset_meta']['scale'] == 2
    assert checkpoint['state_dict']['weight'].shape == (3, 2)
    assert checkpoint['optimizer']['state'][0]['step'] == 1


def test_old_torch_allows_less_by_itself(mmengine_checkpoint_file, monkeypatch):
    unpickler = torch._weights_only_unpickler
    old = {
        name: value
        for name, value in unpickler._get_allowed_globals().items()
        if not name.startswith(('_codecs', 'builtins', 'collections.Counter', 'torch.device'))
    }
    monkeypatch.setattr(unpickler, '_get_allowed_globals', lambda: old)
    checkpoint = load_with_restricted_pickle(mmengine_checkpoint_file, 'cpu')
    assert checkpoint['meta']['dataset_meta']['sigmas'].tolist() == [0, 1, 2]


@pytest.mark.parametrize('content', [[1], torch.ones(1), {1: 2}, dict(state_dict=[1])], ids=str)
def test_file_without_named_weights(content, tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    with pytest.raises(InputError, match=r'a\.pth holds no weights by name'):
        load_checkpoint_file(path)


@pytest.mark.parametrize('load', LOADERS, ids=IDS)
def test_code_in_a_checkpoint_is_not_run(load, tmp_path):
    trace, path = tmp_path / 'was_here', tmp_path / 'stranger.pth'
    torch.save(dict(state_dict={}, meta=Malicious(trace)), path)
    with pytest.raises((InputError, pickle.UnpicklingError)):
        load(path)
    assert not trace.exists()


@pytest.mark.parametrize('load', LOADERS, ids=IDS)
def test_getattr_reaches_nothing_but_log_statistics(load, tmp_path):
    class Reach:
        def __reduce__(self):
            return getattr, (np.ndarray, 'tofile')

    path = tmp_path / 'stranger.pth'
    torch.save(dict(meta=Reach()), path)
    with pytest.raises((InputError, pickle.UnpicklingError), match='not allowed'):
        load(path)


def test_refusal_is_one_sentence_that_names_the_object(tmp_path):
    path = tmp_path / 'stranger.pth'
    torch.save(dict(meta=Malicious(tmp_path / 'x')), path)
    with pytest.raises(InputError, match=r'stranger\.pth is refused.*system') as error:
        load_checkpoint_file(path)
    assert '\n' not in str(error.value)


def test_missing_and_broken_files(tmp_path, mmengine_checkpoint_file):
    with pytest.raises(InputError, match=r'There is no checkpoint .*nowhere\.pth'):
        load_checkpoint_file(tmp_path / 'nowhere.pth')
    whole = mmengine_checkpoint_file.read_bytes()
    for name, content in (('half', whole[: len(whole) // 2]), ('empty', b''), ('text', b'hello')):
        path = tmp_path / f'{name}.pth'
        path.write_bytes(content)
        with pytest.raises(InputError, match=f'{name}.pth is'):
            load_checkpoint_file(path)


def test_mmengine_reads_through_the_safe_loader(tmp_path):
    trace, path = tmp_path / 'was_here', tmp_path / 'stranger.pth'
    torch.save(Malicious(trace), path)
    with pytest.raises(InputError):
        CheckpointLoader.load_checkpoint(str(path))
    for remote in ('s3://bucket/a.pth', 'petrel://bucket/a.pth', 'pavi://a.pth'):
        with pytest.raises(InputError, match='copy the file to this machine'):
            CheckpointLoader.load_checkpoint(remote)
    assert mmengine_checkpoint.load_url is load_checkpoint_url
    assert not trace.exists()


def test_download_is_cached_and_read_safely(tmp_path, monkeypatch):
    downloads = []

    def download(url, path, progress):
        downloads.append(url)
        torch.save(dict(weight=torch.ones(2)), path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    for _ in range(2):
        checkpoint = CheckpointLoader.load_checkpoint('https://example.org/a.pth?b=c', 'cpu')
        assert checkpoint['weight'].tolist() == [1, 1]
    assert downloads == ['https://example.org/a.pth?b=c']
    assert (tmp_path / 'checkpoints/a.pth').is_file()


def test_unreachable_address_says_where_to_put_the_file(tmp_path, monkeypatch):
    def fail(*args, **kwargs):
        raise OSError('no route to host')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', fail)
    with pytest.raises(InputError, match=r'no route to host.*put it at .*hrnet\.pth'):
        load_checkpoint_url('https://example.org/hrnet.pth', model_dir=str(tmp_path))


def test_safetensors_are_read(tmp_path):
    safetensors = pytest.importorskip('safetensors.torch', reason='safetensors is not installed')
    path = tmp_path / 'weights.safetensors'
    safetensors.save_file(dict(weight=torch.arange(3.0)), path)
    assert load_checkpoint_file(path)['weight'].tolist() == [0, 1, 2]
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(InputError, match='not a whole checkpoint file'):
        load_checkpoint_file(path)


def test_safetensors_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'safetensors', None)
    path = tmp_path / 'weights.safetensors'
    path.touch()
    with pytest.raises(InputError, match='pip install safetensors'):
        load_checkpoint_file(path)


def test_weights_under_model_are_found(tmp_path):
    torch.save(dict(model=dict(weight=torch.ones(1))), tmp_path / 'deit.pth')
    assert load_checkpoint_file(tmp_path / 'deit.pth')['state_dict']['weight'].tolist() == [1]
