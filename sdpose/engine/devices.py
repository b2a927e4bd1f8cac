# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Fit a config to the devices of this machine, or say why that is impossible."""

import logging
import os
from datetime import timedelta

import torch
from mmengine.config import Config
from mmengine.logging import print_log
from torch import distributed

from sdpose.errors import InputError


def prepare_devices(cfg: Config) -> None:
    """Check that the devices asked for exist; let what MMEngine has for GPUs work without any.

    MMEngine takes for granted that mixed precision and distributed processes have GPUs. Without
    any, :class:`CpuAmpOptimWrapper` stands in; and the process group is opened here, with gloo,
    and the model is wrapped without device ids.

    Args:
        cfg: The run's config, with ``launcher`` set; changed in place.

    Raises:
        InputError: GPUs were asked for that do not exist.
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
        half_precision(torch.device('cpu'))
        cfg.optim_wrapper.type = 'CpuAmpOptimWrapper'
        for setting in ('loss_scale', 'dtype', 'use_fsdp'):
            cfg.optim_wrapper.pop(setting, None)
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
        type='MMDistributedDataParallel',
        device_ids=None,
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )


def close_process_group() -> None:
    """Leave the process group together, as the last thing that a process does."""
    if distributed.is_available() and distributed.is_initialized():
        distributed.barrier()
        distributed.destroy_process_group()


def half_precision(device: torch.device) -> torch.dtype:
    """Return what mixed precision computes with: float16 on GPUs, bfloat16 elsewhere.

    It warns of a processor that has no instructions for it.

    Args:
        device: Where it is to run.
    """
    if device.type == 'cuda':
        return torch.float16
    # older versions of torch do not tell
    capabilities: dict = getattr(torch.cpu, 'get_capabilities', dict)()
    if (
        device.type == 'cpu'
        and capabilities
        and not any(has_it for name, has_it in capabilities.items() if 'bf16' in name)
    ):
        message = 'This processor has no bfloat16 instructions: mixed precision makes it slower.'
        print_log(message, 'current', logging.WARNING)
    return torch.bfloat16


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
