# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported graph of a model in ONNX Runtime."""

from collections.abc import Callable, Sequence
from typing import Any
from unittest import mock

import onnxruntime
import torch
from torch import Tensor, nn
from torch.nn import functional

from sdpose.errors import InputError
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import INPUT_NAME, to_onnx, trace
from speed.subject import Inference
from speed.timing import Timing, seconds_of

WARM_UP, RUNS, TURNS = 50, 200, 20
POOL = functional.adaptive_avg_pool2d


def session_of(inference: Inference, threads: int) -> Callable[[], Any]:
    """A function that runs the graph of a model on one crop.

    Args:
        inference: The model, on the CPU in float32, not prepared.
        threads: Of ONNX Runtime.
    """
    image = torch.randn(1, 3, *inference.input_size)
    with mock.patch.object(functional, 'adaptive_avg_pool2d', _pool):
        graph = _graph_of(inference.model, image)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(graph, options, providers=['CPUExecutionProvider'])
    pixels = {INPUT_NAME: image.numpy()}
    return lambda: session.run(None, pixels)


def time_sessions(runs: Sequence[Callable[[], Any]], done: Callable[[], None]) -> list[Timing]:
    """Time graphs in turns, by the usual method: 50 runs to warm up, 200 that count."""
    warm_up = [[seconds_of(run) for _ in range(WARM_UP)] for run in runs]
    seconds: list[list[float]] = [[] for _ in runs]
    for turn in range(TURNS):
        for run, found in zip(runs, seconds, strict=True):
            found += [seconds_of(run) for _ in range(RUNS // TURNS)]
            if turn == 0:
                done()
    return [Timing.of(found, first) for found, (first, *_) in zip(seconds, warm_up, strict=True)]


class _Network(nn.Module):
    """A model whose head predicts what we do not deploy, as RTMPose's."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, image: Tensor) -> Any:
        return self.model(image, None, mode='tensor')


def _graph_of(model: Any, image: Tensor) -> bytes:
    try:
        return to_onnx(DeployModel(model).eval())
    except InputError:
        return trace(_Network(model).eval(), {INPUT_NAME: image}, [])


def _pool(image: Tensor, size: Any) -> Tensor:
    """Pool to another map's size, as Lite-HRNet does; the exporter wants it to be constant."""
    if not isinstance(size, tuple):
        return POOL(image, size)
    kernel = [int(ours) // int(pooled) for ours, pooled in zip(image.shape[2:], size, strict=True)]
    return functional.avg_pool2d(image, kernel)
