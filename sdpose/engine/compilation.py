# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Compile a model with torch, where a config says ``compile=True``."""

import logging
from collections.abc import Mapping
from typing import Any

from mmengine.logging import print_log
from mmengine.model import is_model_wrapper
from torch import nn

from sdpose.errors import InputError

PARTS = ('backbone', 'neck')
OPTIONS = ('backend', 'dynamic', 'fullgraph', 'mode', 'options')  # of torch.compile


def compile_network(model: nn.Module, settings: bool | Mapping[str, Any] | None) -> None:
    """Compile what computes features, in place; names of weights stay.

    MMEngine compiles whole steps, but torch cannot trace MMPose's data samples.

    Args:
        model: A pose estimator, or what wraps it for several processes.
        settings: The config's ``compile``: ``True``, or arguments of ``torch.compile``. Otherwise
            nothing is done.

    Raises:
        InputError: It is something else.
    """
    if settings is None or settings is False:
        return
    if settings is not True and not set(settings) <= set(OPTIONS):
        raise InputError(f'compile={settings}, but it must be True, or a dict of {OPTIONS}.')
    network = model.module if is_model_wrapper(model) else model
    for part in PARTS:
        if hasattr(network, part):
            getattr(network, part).compile(**({} if settings is True else settings))
    message = 'The model is compiled in its first steps, which takes a minute or more.'
    print_log(message, 'current', logging.INFO)
