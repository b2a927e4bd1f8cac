# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Fit a config to the devices of this machine, or say why that is impossible."""

import os
from datetime import timedelta

import torch
from mmengine.config import Config
from torch import distributed

from sdpose.errors import InputError


def prepare_devices(cfg: Config) -> None:
    """Check that the devices asked for exist; make several processes work without GPUs.

    MMEngine takes for granted that distributed processes have GPUs. Without any, the process
    group is opened here, with gloo, and the model is wrapped without device ids.

    Args:
        cfg: The run's config, with ``launcher`` set; changed in place.

    Raises:
        InputError: GPUs were asked for that do not exist, or mixed precision without one.
    """
    gpus = torch.cuda.device_count()
    visible = os.environ.get('CUDA_VISIBLE_DEVICES', '').strip()
    if gpus == 0 and visible not in ('', '-1'):
        raise InputError(
            f'CUDA_VISIBLE_DEVICES={visible} asks for a GPU, but torch {torch.__version__} sees '
            'none: check nvidia-smi and that this torch was built for your CUDA. '
            'To run on the CPU, set CUDA_VISIBLE_DEVICES=-1.'
        )
    if gpus == 0 and (cfg.get('optim_wrapper') or {}).get('type') == 'AmpOptimWrapper':
        raise InputError(
            'Mixed precision (--amp) needs a GPU, and torch sees none. Leave --amp out.'
        )
    if cfg.get('launcher', 'none') == 'none':
        return
    if gpus == 0:
        _open_cpu_process_group(cfg)
    elif (processes := int(os.environ.get('LOCAL_WORLD_SIZE', '1'))) > gpus:
        raise InputError(
            f'{processes} processes were started on this machine, but it has {gpus} GPU(s). '
            'Start one process for each.'
        )


def _open_cpu_process_group(cfg: Config) -> None:
    if cfg.launcher != 'pytorch':
        raise InputError(
            f'--launcher {cfg.launcher} needs GPUs, and torch sees none on this machine. '
            'On CPUs use tools/dist_train.sh or tools/dist_test.sh.'
        )
    seconds = cfg.env_cfg.dist_cfg.get('timeout')
    distributed.init_process_group('gloo', timeout=seconds and timedelta(seconds=seconds))
    cfg.env_cfg.dist_cfg.backend = 'gloo'
    cfg.model_wrapper_cfg = dict(
        type='MMDistributedDataParallel', device_ids=None, broadcast_buffers=False
    )


def close_process_group() -> None:
    """Leave the process group together, as the last thing that a process does."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def choose_device(name: str | None) -> torch.device:
    """Return a device that exists.

    Args:
        name: E.g. ``cpu`` or ``cuda:1``; ``None`` is the GPU if there is one.

    Raises:
        InputError: There is no such device.
    """
    gpus = torch.cuda.device_count()
    if name is None:
        return torch.device('cuda' if gpus else 'cpu')
    try:
        device = torch.device(name)
        if device.type == 'cuda' and (device.index or 0) >= gpus:
            raise RuntimeError(f'torch {torch.__version__} sees {gpus} GPU(s)')
        torch.zeros(1, device=device).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        reason = str(error).splitlines()[0]
        raise InputError(f'There is no device {name} here: {reason}. Try cpu or cuda.') from error
    return device
