# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.config import Config

from sdpose.engine.devices import choose_device, prepare_devices
from sdpose.errors import InputError


@pytest.fixture
def gpus(monkeypatch):
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)

    def set_count(count):
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)

    return set_count


def test_amp_needs_a_gpu(gpus):
    cfg = Config(dict(optim_wrapper=dict(type='AmpOptimWrapper')))
    gpus(0)
    with pytest.raises(InputError, match='Leave --amp out'):
        prepare_devices(cfg)
    gpus(1)
    prepare_devices(cfg)


def test_asking_for_an_absent_gpu(gpus, monkeypatch):
    gpus(0)
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')
    with pytest.raises(InputError, match='CUDA_VISIBLE_DEVICES=0 asks for a GPU'):
        prepare_devices(Config({}))
    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '-1')
    prepare_devices(Config({}))


def test_more_processes_than_gpus(gpus, monkeypatch):
    gpus(2)
    monkeypatch.setenv('LOCAL_WORLD_SIZE', '8')
    with pytest.raises(InputError, match=r'8 processes were started .* it has 2 GPU'):
        prepare_devices(Config(dict(launcher='pytorch')))


def test_slurm_needs_gpus(gpus):
    gpus(0)
    with pytest.raises(InputError, match='--launcher slurm needs GPUs'):
        prepare_devices(Config(dict(launcher='slurm')))


def test_default_device_is_the_gpu_if_there_is_one(gpus):
    gpus(0)
    assert choose_device(None) == torch.device('cpu')
    gpus(2)
    assert choose_device(None) == torch.device('cuda')


@pytest.mark.parametrize('name', ['gpu', 'cuda:99', 'cpu:x', ''])
def test_device_that_does_not_exist(name):
    with pytest.raises(InputError, match=f'There is no device {name} here: .*Try cpu or cuda'):
        choose_device(name)


def test_cuda_without_a_gpu(gpus):
    gpus(0)
    with pytest.raises(InputError, match=r'There is no device cuda here: torch .* sees 0 GPU\(s\)'):
        choose_device('cuda')
