# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A model that is measured: a config with random weights, which cost the same as trained ones."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from sdpose.apis.pose_inferencer import PoseInferencer
from sdpose.engine.config_file import load_config
from sdpose.engine.devices import half_precision
from sdpose.errors import InputError, blame_config


@dataclass(frozen=True)
class Subject:
    """A config, and how its model runs.

    Attributes:
        config: File, or ``mmpose::...`` for one of MMPose's own.
        device: E.g. ``cpu`` or ``cuda``.
        amp: In half precision, or in single.
        compiled: Whether torch compiles the network.
        prepared: Whether the model is made fast, as users get it.
    """

    config: str
    device: str
    amp: bool = False
    compiled: bool = False
    prepared: bool = True

    @cached_property
    def dtype(self) -> torch.dtype:
        """Of its matrix products."""
        return half_precision(torch.device(self.device)) if self.amp else torch.float32

    @property
    def name(self) -> str:
        """Of the config, and how it runs."""
        how = [str(self.dtype).removeprefix('torch.')] + ['compiled'] * self.compiled
        return f'{Path(self.config).stem} ({", ".join(how)})'

    def autocast(self) -> torch.autocast:
        """The context of half precision, or of single."""
        return torch.autocast(torch.device(self.device).type, self.dtype, enabled=self.amp)

    def load_config(self) -> Config:
        """Read the config, so that it builds without files of weights.

        Raises:
            InputError: It cannot be read, or has no whole model.
        """
        cfg = load_config(self.config)
        if not cfg.get('model', {}).get('backbone'):
            raise InputError(f'{self.config} has no model with a backbone: it is no pose model.')
        init_default_scope('mmpose')
        cfg.compile = self.compiled
        cfg.model.backbone.init_cfg = None
        cfg.model.backbone.pop('_scope_', None)  # RTMPose names MMDetection, MMPose has it as well
        if 'teacher' in cfg.model:
            cfg.model.allow_random_teacher = True
            cfg.model.teacher.checkpoint = None
        return cfg

    def build(self) -> Any:
        """Build the model in training mode, where torch's default device is.

        Raises:
            InputError: It cannot be built, as where a package is missing.
        """
        with blame_config(self.config):
            return MODELS.build(self.load_config().model)


class Inference:
    """A subject as a :class:`PoseInferencer`.

    Args:
        subject: What to build.

    Attributes:
        subject: As given.
        model: MMPose's, in evaluation mode.
        input_size: Height and width of a crop in pixels.

    Raises:
        InputError: It cannot be built, or is no top-down model.
    """

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / 'random.pth'
            torch.manual_seed(0)
            torch.save(dict(state_dict=subject.build().state_dict()), path)
            inferencer = PoseInferencer(
                subject.load_config(),
                path,
                subject.device,
                amp=subject.amp,
                prepare=subject.prepared,
            )
        self.model: Any = inferencer.model
        picture = np.random.default_rng(0).integers(0, 256, (256, 192, 3), np.uint8)
        self._crop = inferencer.crop(picture)
        self.input_size: tuple[int, int] = tuple(self._crop['inputs'].shape[1:])

    def network(self, batch_size: int) -> Callable[[], Any]:
        """A function that sends normalized crops through backbone, neck and head."""
        batch = pseudo_collate([self._crop] * batch_size)
        images = self.model.data_preprocessor(batch)['inputs']
        return self._ready(lambda: self.model(images, None, mode='tensor'))

    def predict(self, batch_size: int, flip_test: bool) -> Callable[[], Any]:
        """A function that turns crops of 8-bit pixels into keypoints, as users get them."""
        batch = pseudo_collate([self._crop] * batch_size)

        def run() -> Any:
            self.model.test_cfg['flip_test'] = flip_test
            return self.model.test_step(batch)

        return self._ready(run)

    def _ready(self, run: Callable[[], Any]) -> Callable[[], Any]:
        def ready() -> Any:
            with torch.inference_mode(), self.subject.autocast():
                return run()

        return ready
