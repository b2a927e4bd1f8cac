# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""PyTorch -> ONNX graph in single precision."""

import inspect
import io
import warnings
from collections.abc import Sequence
from typing import Any

import onnx
import torch
from onnx import compose
from torch import Tensor, nn

from sdpose.export.decoding import HeatmapDecoder
from sdpose.export.deploy_model import DECODED, HEATMAPS, DeployModel

OPSET = 17  # the first with LayerNormalization
INPUT_NAME = 'image'


def to_onnx(model: DeployModel) -> bytes:
    """Trace a model, without its decoder.

    Args:
        model: In evaluation mode.

    Returns:
        A serialized ONNX model for any batch size. Its input is ``image``, (B, 3, H, W); its
        outputs are ``heatmaps``, or of a regression model ``keypoints`` and ``scores``.
    """
    width, height = model.input_size
    names = DECODED if model.kind == 'regression' else HEATMAPS
    return trace(model, {INPUT_NAME: torch.zeros(2, 3, height, width)}, names)


def with_decoder(graph: bytes, decoder: HeatmapDecoder) -> bytes:
    """Append a decoder, in single precision whatever the graph has.

    Args:
        graph: A serialized ONNX model with the output ``heatmaps``.
        decoder: Of these heatmaps.

    Returns:
        A serialized ONNX model with the outputs ``keypoints`` and ``scores``.
    """
    model = onnx.load_model_from_string(graph)
    shape = [dim.dim_value for dim in model.graph.output[0].type.tensor_type.shape.dim]
    (heatmaps,) = HEATMAPS
    return merge(graph, trace(decoder, {heatmaps: torch.zeros(2, *shape[1:])}, DECODED))


def merge(*graphs: bytes) -> bytes:
    """Feed the outputs of each graph to the inputs of the next, which have the same names."""
    merged, *others = map(onnx.load_model_from_string, graphs)
    for other in others:
        prefix = f'to_{other.graph.output[0].name}/'  # inside, both may have used a name
        model = compose.add_prefix(other, prefix, rename_inputs=False, rename_outputs=False)
        merged.ir_version = model.ir_version = max(merged.ir_version, model.ir_version)
        common = [(output.name, output.name) for output in merged.graph.output]
        merged = compose.merge_models(merged, model, common)
    return merged.SerializeToString()


def trace(module: nn.Module, inputs: dict[str, Tensor], outputs: Sequence[str]) -> bytes:
    """Export with torch's older exporter.

    It needs no package beyond ``onnx`` and works since torch 2.1.

    Args:
        module: In evaluation mode.
        inputs: By name; the first dimension is the batch, of any size.
        outputs: Their names.

    Returns:
        A serialized ONNX model.
    """
    # newer versions of torch take the other exporter by default, older ones have no choice
    choice: dict[str, Any] = {}
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        choice['dynamo'] = False
    file = io.BytesIO()
    with warnings.catch_warnings(), torch.no_grad():
        # the models check sizes in Python, which a trace keeps no record of
        warnings.simplefilter('ignore', torch.jit.TracerWarning)
        warnings.simplefilter('ignore', DeprecationWarning)
        torch.onnx.export(
            module,
            tuple(inputs.values()),
            file,  # type: ignore[arg-type]
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: {0: 'batch'} for name in (*inputs, *outputs)},
            opset_version=OPSET,
            **choice,
        )
    return file.getvalue()
