# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.logging import MessageHub
from mmengine.runner import CheckpointLoader
from mmengine.runner import checkpoint as mmengine_checkpoint
from small_checkpoint import (
    call,
    entries,
    pickled,
    saved,
    small_checkpoint,
    tensor,
    with_pickle,
    zipped,
)

from sdpose.checkpoints.safe_loading import load_checkpoint_file, load_checkpoint_url
from sdpose.errors import InputError


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


def test_checkpoint_of_mmengine_is_read_whole(mmengine_checkpoint_file):
    checkpoint = load_checkpoint_file(mmengine_checkpoint_file)
    history = checkpoint['message_hub']['log_scalars']['train/loss']
    assert history.mean() == 2
    assert history.statistics('max') == 3
    assert checkpoint['meta']['dataset_meta']['sigmas'].tolist() == [0, 1, 2]
    assert checkpoint['meta']['dataset_meta']['scale'] == 2
    assert checkpoint['state_dict']['weight'].shape == (3, 2)
    assert checkpoint['optimizer']['state'][0]['step'] == 1


@pytest.mark.parametrize(
    'content',
    [
        [1],
        torch.ones(1),
        {1: 2},
        dict(state_dict=[1]),
        dict(state_dict={'a\nb': torch.ones(1)}),
        dict(epoch=1),
    ],
    ids=str,
)
def test_file_without_named_weights(content, tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(content, path)
    with pytest.raises(InputError, match=r'a\.pth holds no weights by name'):
        load_checkpoint_file(path)


def test_code_in_a_checkpoint_is_not_run(tmp_path):
    trace, path = tmp_path / 'was_here', tmp_path / 'stranger.pth'
    torch.save(dict(state_dict={}, meta=Malicious(trace)), path)
    with pytest.raises(InputError):
        load_checkpoint_file(path)
    assert not trace.exists()


def test_getattr_reaches_nothing_but_log_statistics(tmp_path):
    class Reach:
        def __reduce__(self):
            return getattr, (np.ndarray, 'tofile')

    path = tmp_path / 'stranger.pth'
    torch.save(dict(meta=Reach()), path)
    with pytest.raises(InputError, match=r'it holds builtins\.getattr, and only'):
        load_checkpoint_file(path)


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
    os.mkfifo(tmp_path / 'pipe')
    for name in ('pipe', '/dev/zero', '~nobody/a.pth'):
        with pytest.raises(InputError, match=r'is a pipe or a device|There is no'):
            load_checkpoint_file(tmp_path / name if name == 'pipe' else name)


def test_disk_that_fails_is_not_taken_for_damage(tmp_path, monkeypatch):
    def fail(*arguments):
        raise PermissionError(13, 'Permission denied')

    (tmp_path / 'a.pth').write_bytes(saved({}))
    monkeypatch.setattr(Path, 'open', fail)
    with pytest.raises(InputError, match=r'a\.pth cannot be read: Permission denied\.$'):
        load_checkpoint_file(tmp_path / 'a.pth')
    with pytest.raises(InputError, match='/proc/kmsg is not a whole checkpoint file: it is empty'):
        load_checkpoint_file('/proc/kmsg')


def test_what_is_wrong_is_said(tmp_path):
    content = saved(dict(weight=torch.arange(6.0)))
    path = tmp_path / 'a.pth'
    for change, sentence in {
        content.replace(
            b'\x40', b'\x41', 1
        ): 'not a whole checkpoint file: its check sum is wrong. ',
        zipped(
            *entries(content).items(), compression=8
        ): 'it is compressed, as torch.save does not',
        with_pickle(pickled(a=tensor((2**40,), (0,)))): 'more than a file of its size can hold',
        with_pickle(b'\x80\x02R.'): 'not a whole checkpoint file: IndexError pop from empty list',
        with_pickle(
            pickled(a=call('builtins.bytearray', 2**40))
        ): 'refused: it holds builtins.byte',
        with_pickle(
            b'\x80\x04N.'
        ): 'it holds a pickle of protocol 4, where torch.save writes 2, and',
        zipped(('a.npy', b'')): 'is no checkpoint file, but something else',
        saved(
            dict(weight=torch.tensor([0, np.inf]))
        ): r'the weight weight is not finite \(infinity',
    }.items():
        path.write_bytes(change)
        with pytest.raises(InputError, match=rf'{path}.*{sentence}') as error:
            load_checkpoint_file(path)
        assert '\n' not in str(error.value)


@pytest.mark.parametrize('is_zip', [True, False], ids=['zip', 'before torch 1.6'])
def test_random_damage(is_zip, tmp_path):
    """Flipped bits, lost ends, bytes of other places: refused, or the tensors are the same."""
    whole = saved(small_checkpoint(), _use_new_zipfile_serialization=is_zip)
    expected = small_checkpoint()['state_dict']
    path, random = tmp_path / 'a.pth', np.random.default_rng(0)
    refused = 0
    for _ in range(600):
        content = bytearray(whole)
        place, other = random.integers(0, len(content), 2)
        how = random.integers(4)
        if how == 0:
            content[place] ^= 1 << random.integers(8)
        elif how == 1:
            content[place : place + 4] = random.bytes(4)
        elif how == 2:
            content[place : place + 40] = content[other : other + 40]
        else:
            del content[place : place + random.integers(1, 40)]
        path.write_bytes(content)
        try:
            found = load_checkpoint_file(path)['state_dict']
        except InputError as error:
            refused += 1
            assert '\n' not in str(error)
        else:
            assert not is_zip or (
                list(found) == list(expected)
                and all(torch.equal(found[name], expected[name]) for name in expected)
            )
    assert refused > 300


def test_python_in_the_meta_is_not_run_when_a_run_resumes(tmp_path):
    trace, path = tmp_path / 'was_here', tmp_path / 'a.pth'
    config = f'__import__("pathlib").Path("{trace}").touch()'
    torch.save(dict(state_dict={}, meta=dict(epoch=1, config=config)), path)
    assert load_checkpoint_file(path)['meta'] == dict(epoch=1)


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
    whole = path.read_bytes()
    for content in (whole[:-4], whole + b'a', b'\xff' * 8, b'', whole.replace(b'[3]', b'[9]')):
        path.write_bytes(content)
        with pytest.raises(
            InputError, match=r'whole checkpoint file: (Safetensor|its table|it is empty)'
        ):
            load_checkpoint_file(path)
    for weight in (torch.ones(1, dtype=torch.complex64), torch.tensor([0, np.nan])):
        safetensors.save_file(dict(weight=weight), path)
        with pytest.raises(InputError, match=r'the weight weight (has numbers of type|is not fin)'):
            load_checkpoint_file(path)


def test_safetensors_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, 'safetensors.torch', None)
    path = tmp_path / 'weights.safetensors'
    path.write_bytes(b'a')
    with pytest.raises(InputError, match='pip install safetensors'):
        load_checkpoint_file(path)


def test_weights_under_model_are_found(tmp_path):
    torch.save(dict(model=dict(weight=torch.ones(1))), tmp_path / 'deit.pth')
    assert load_checkpoint_file(tmp_path / 'deit.pth')['state_dict']['weight'].tolist() == [1]
