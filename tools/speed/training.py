# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Training steps, split into what they are made of."""

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from typing import Any

import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.runner import Runner
from papers.measure import multiply_adds

from sdpose.engine.compilation import compile_network
from sdpose.engine.config_file import replace_data_root
from sdpose.engine.data_checks import check_data
from sdpose.engine.devices import prepare_devices
from sdpose.errors import blame_config
from speed.subject import Subject
from speed.timing import SECONDS, TURNS, Timing, now

PARTS = ('data', 'forward', 'backward', 'optimizer')


def check_training(subject: Subject, data_root: str) -> None:
    """Check the data of a subject's training before anything is measured.

    Raises:
        InputError: They are missing or wrong.
    """
    check_data(_training_config(subject, data_root), ['train'])


class Training:
    """Steps of the training that a config describes, in this process.

    Args:
        subject: What to train.
        batch_size: Images a step.
        data_root: Folder of the data set.

    Attributes:
        input_size: Height and width of a crop in pixels.
        multiply_adds: Of the parts of a step that are counted.
        first: Seconds of the first step's parts.

    Raises:
        InputError: The config cannot be built.
    """

    def __init__(self, subject: Subject, batch_size: int, data_root: str) -> None:
        cfg = _training_config(subject, data_root)
        torch.manual_seed(0)
        self._model: Any = subject.build().to(subject.device).train()
        compile_network(self._model, cfg.compile)
        if subject.amp:
            cfg.optim_wrapper.type = 'AmpOptimWrapper'
            prepare_devices(cfg)
        # one process loads, so that it can be timed; and the data never end
        cfg.train_dataloader.update(
            batch_size=batch_size, num_workers=0, persistent_workers=False, pin_memory=False
        )
        cfg.train_dataloader.pop('prefetch_factor', None)
        cfg.train_dataloader.sampler = dict(type='InfiniteSampler', shuffle=True)
        # COCO's own reader tells on the output stream what it does
        with blame_config(subject.config), redirect_stdout(io.StringIO()):
            self._batches: Iterator[Any] = iter(Runner.build_dataloader(cfg.train_dataloader, 0))
            self._optimizer = build_optim_wrapper(self._model, cfg.optim_wrapper)
        self.first = self.step()
        self.input_size: tuple[int, int] = tuple(self._batch['inputs'][0].shape[1:])
        forward = sum(multiply_adds(self._forward).values())
        self.multiply_adds = dict(forward=forward, backward=2 * forward, step=3 * forward)

    def step(self) -> dict[str, float]:
        """Make a step, and return the seconds of its parts."""
        times = [now()]
        self._batch = next(self._batches)
        times.append(now())
        loss = self._forward()
        times.append(now())
        self._optimizer.backward(loss)
        times.append(now())
        self._optimizer.step()
        self._optimizer.zero_grad()
        times.append(now())
        return {
            part: end - start for part, start, end in zip(PARTS, times[:-1], times[1:], strict=True)
        }

    def _forward(self) -> Any:
        with self._optimizer.optim_context(self._model):
            batch = self._model.data_preprocessor(self._batch, training=True)
            losses = self._model(**batch, mode='loss')
        return self._model.parse_losses(losses)[0]


def time_steps_in_turns(
    trainings: list[Training], done: Callable[[], None]
) -> list[dict[str, Timing]]:
    """Time the parts of steps, and whole ``step``s without their data, in turns."""
    steps: list[list[dict[str, float]]] = [[] for _ in trainings]
    for _ in range(TURNS):
        for training, made in zip(trainings, steps, strict=True):
            training.step()
            until = now() + SECONDS / TURNS
            made.append(training.step())
            while now() < until:
                made.append(training.step())
            done()
    return [
        {
            part: Timing.of([step[part] for step in map(_with_whole, made)], first[part])
            for part in (*PARTS, 'step')
        }
        for made, first in zip(steps, (_with_whole(each.first) for each in trainings), strict=True)
    ]


def _with_whole(step: dict[str, float]) -> dict[str, float]:
    return step | dict(step=sum(step.values()) - step['data'])


def _training_config(subject: Subject, data_root: str) -> Config:
    cfg = subject.load_config()
    replace_data_root(cfg, data_root)
    return cfg
