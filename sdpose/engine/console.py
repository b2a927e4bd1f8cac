# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A Runner whose console shows progress and plain errors, while its log file keeps everything."""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any

from mmengine.logging import MMLogger
from mmengine.optim import OptimWrapper
from mmengine.runner import BaseLoop, Runner
from torch.utils.data import DataLoader

from sdpose.engine.compilation import compile_network
from sdpose.engine.number_check_hook import NumberCheckHook
from sdpose.engine.safe_checkpoint_hook import SafeCheckpointHook
from sdpose.engine.train_loop import ResumableTrainLoop
from sdpose.errors import blame_config

MAX_LINES = 12
NOISE = (
    '"FileClient" will be deprecated',
    '"HardDiskBackend" is the alias',
    'state dict do not match exactly',  # CheckedLoadingHook says it in one line
    'Resumed iteration number is not divisible',  # SafeCheckpointHook keeps those gradients
)


def _naming_the_config(build: Callable) -> Callable:
    """Make errors in a method that builds a part of the run name the config that asked for it."""

    @wraps(build)
    def wrapper(runner: Runner, *args: Any, **kwargs: Any) -> Any:
        with blame_config(runner.cfg.filename or 'The config'):
            return build(runner, *args, **kwargs)

    return wrapper


class ConsoleRunner(Runner):
    """MMEngine's Runner, with page-long messages kept out of the console.

    The environment, the whole config and the order of hooks are in the log file of the run.
    Wrong settings become an :class:`InputError`, also in the parts that are built late.
    """

    build_val_loop = _naming_the_config(Runner.build_val_loop)
    build_test_loop = _naming_the_config(Runner.build_test_loop)
    build_optim_wrapper = _naming_the_config(Runner.build_optim_wrapper)
    build_param_scheduler = _naming_the_config(Runner.build_param_scheduler)
    _init_model_weights = _naming_the_config(Runner._init_model_weights)

    @_naming_the_config
    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the loop; by epochs it is one that goes on in the middle of an epoch."""
        if isinstance(loop, dict) and 'type' not in loop and loop.get('by_epoch'):
            loop = {**loop, 'type': ResumableTrainLoop}
            del loop['by_epoch']
        return super().build_train_loop(loop)

    @staticmethod
    def build_dataloader(dataloader: DataLoader | dict, *args: Any, **kwargs: Any) -> DataLoader:
        """Build a loader; without workers none can persist, which torch refuses."""
        if isinstance(dataloader, dict) and not dataloader.get('num_workers'):
            dataloader = {**dataloader, 'persistent_workers': False}
        return Runner.build_dataloader(dataloader, *args, **kwargs)

    def _maybe_compile(self, target: str) -> None:
        """Compile the network instead of the whole step."""
        compile_network(self.model, self.cfg.get('compile'))

    @_naming_the_config
    def scale_lr(self, optim_wrapper: OptimWrapper, auto_scale_lr: dict | None = None) -> None:
        """Scale the learning rate by the images of a step, of which MMEngine counts one batch."""
        scale = dict(auto_scale_lr or {})
        if 'base_batch_size' in scale:
            scale['base_batch_size'] /= getattr(optim_wrapper, '_accumulative_counts', 1)
        super().scale_lr(optim_wrapper, scale)

    def register_default_hooks(self, hooks: dict[str, Any] | None = None) -> None:
        """Register the hooks of the config, and those that no training should be without.

        Configs that are not ours have MMEngine's hook for checkpoints.
        """
        wanted = {'checkpoint': {}, 'number_check': dict(type=NumberCheckHook), **(hooks or {})}
        checkpoint = wanted['checkpoint']
        if isinstance(checkpoint, dict) and checkpoint.get('type') in (None, 'CheckpointHook'):
            wanted['checkpoint'] = {**checkpoint, 'type': SafeCheckpointHook}
        super().register_default_hooks(wanted)

    def resume(self, filename: str, *args: Any, **kwargs: Any) -> None:
        """Go on from a checkpoint.

        Raises:
            BuildError: The state of its optimizer, schedules or log does not fit this training.
        """
        with blame_config(f'{filename}: the state of its training', 'be gone on with here'):
            super().resume(filename, *args, **kwargs)

    def build_logger(self, *args: Any, **kwargs: Any) -> MMLogger:
        """Build the logger, and filter what it writes to the console."""
        logger = super().build_logger(*args, **kwargs)
        for handler in logger.handlers:
            if not isinstance(handler, logging.FileHandler):
                handler.addFilter(is_for_console)
        return logger


def is_for_console(record: logging.LogRecord) -> bool:
    """Whether a message belongs on the console: warnings do, pages of information do not."""
    message = record.getMessage()
    if any(noise in message for noise in NOISE):
        return False
    return record.levelno > logging.INFO or message.count('\n') < MAX_LINES
