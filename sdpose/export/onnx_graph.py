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
    return _trace(model, torch.zeros(2, 3, height, width), INPUT_NAME, names)


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
    traced = onnx.load_model_from_string(
        _trace(decoder, torch.zeros(2, *shape[1:]), heatmaps, DECODED)
    )
    traced = compose.add_prefix(traced, 'decoder/', rename_inputs=False, rename_outputs=False)
    traced.ir_version = model.ir_version
    return compose.merge_models(model, traced, [(heatmaps, heatmaps)]).SerializeToString()


def _trace(module: nn.Module, inputs: Tensor, input_name: str, outputs: Sequence[str]) -> bytes:
    """Export with torch's older exporter.

    It needs no package beyond ``onnx`` and works since torch 2.1.
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
            (inputs,),
            file,  # type: ignore[arg-type]
            input_names=[input_name],
            output_names=list(outputs),
            dynamic_axes={name: {0: 'batch'} for name in (input_name, *outputs)},
            opset_version=OPSET,
            **choice,
        )
    return file.getvalue()
