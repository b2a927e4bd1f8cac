# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.config import Config

from sdpose.engine.devices import choose_device, half_precision, prepare_devices
from sdpose.errors import InputError

SLOWER = 'This processor has no bfloat16 instructions: mixed precision makes it slower.'


@pytest.fixture
def gpus(monkeypatch):
    monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)

    def set_count(count):
        monkeypatch.setattr(torch.cuda, 'device_count', lambda: count)

    return set_count


def test_amp_is_bfloat16_without_a_gpu(gpus):
    settings = dict(type='AmpOptimWrapper', loss_scale='dynamic', clip_grad=dict(max_norm=1))
    cfg = Config(dict(optim_wrapper=settings))
    gpus(1)
    prepare_devices(cfg)
    assert cfg.optim_wrapper == settings
    gpus(0)
    prepare_devices(cfg)
    assert cfg.optim_wrapper == dict(type='CpuAmpOptimWrapper', clip_grad=dict(max_norm=1))


@pytest.mark.parametrize('has_it', [True, False])
def test_processors_without_bfloat16_are_warned_of(has_it, monkeypatch):
    capabilities = {'avx2': True, 'avx512_bf16': has_it, 'amx_bf16': False}
    monkeypatch.setattr(torch.cpu, 'get_capabilities', lambda: capabilities, raising=False)
    told = []
    monkeypatch.setattr('sdpose.engine.devices.print_log', lambda *words: told.append(words[0]))
    assert half_precision(torch.device('cpu')) is torch.bfloat16
    assert told == ([] if has_it else [SLOWER])


def test_gpus_compute_in_float16():
    assert half_precision(torch.device('cuda:1')) is torch.float16


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
