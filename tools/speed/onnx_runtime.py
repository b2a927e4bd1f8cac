# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The exported graph of a model in ONNX Runtime."""

import time
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
from speed.timing import Timing

WARM_UP, RUNS = 50, 200
POOL = functional.adaptive_avg_pool2d


def time_graph(inference: Inference, threads: int) -> Timing:
    """Time the graph at batch 1.

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
    seconds = []
    for _ in range(WARM_UP + RUNS):
        start = time.perf_counter()
        session.run(None, pixels)
        seconds.append(time.perf_counter() - start)
    return Timing.of(seconds[WARM_UP:], seconds[0])


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
