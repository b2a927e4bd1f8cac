# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Smaller numbers in an ONNX graph: half precision and 8-bit integers.

Decoding counts pixels and takes logarithms, which few bits cannot hold: it is appended afterwards.
"""

import logging
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import compose
from onnx.utils import Extractor

from sdpose.export.deploy_model import DECODED
from sdpose.export.onnx_graph import INPUT_NAME

LAYERS = ('Conv', 'Gemm', 'MatMul')


def to_fp16(graph: bytes) -> bytes:
    """Turn weights and arithmetic into half precision; inputs and outputs stay float32.

    So does what computes coordinates, from the last linear layer on: half precision knows only
    multiples of 1/8 between 128 and 256 pixels.

    Args:
        graph: A serialized ONNX model in single precision.

    Returns:
        A serialized ONNX model.
    """
    # onnxruntime's tools take a second to import
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415
    from onnxruntime.transformers.onnx_model import OnnxModel  # noqa: PLC0415

    model = onnx.load_model_from_string(graph)
    boundary = _coordinate_layer_input(model)
    body, coordinates = _cut(model, boundary) if boundary else (model, None)
    half = convert_float_to_float16(body, keep_io_types=True)
    OnnxModel(half).topological_sort()  # the converter appends its casts at the end
    if boundary and coordinates:
        half = compose.merge_models(half, coordinates, [(boundary, boundary)])
    return half.SerializeToString()


def to_int8(graph: bytes, batches: Iterable[np.ndarray]) -> bytes:
    """Quantize convolutions and linear layers statically, with a scale per output channel.

    The patch embedding stays in single precision, as a trained toy model loses its poses otherwise
    (docs/export.md), and so does the linear layer that coordinates come from: eight bits are
    fewer than a crop has pixels.

    Attention's two products of activations, softmax and normalization stay in single precision.
    With both products quantized onnxruntime 1.31.1 computes something else from the same file when
    its graph optimizations are on (the default) than when they are off.

    Args:
        graph: A serialized ONNX model in single precision.
        batches: Normalized crops (B, 3, H, W) that show the range of the activations.

    Returns:
        A serialized ONNX model with QuantizeLinear and DequantizeLinear nodes.
    """
    from onnxruntime.quantization import (  # noqa: PLC0415
        CalibrationDataReader,
        QuantType,
        quantize_static,
    )
    from onnxruntime.quantization.shape_inference import quant_pre_process  # noqa: PLC0415

    class Calibration(CalibrationDataReader):
        def __init__(self) -> None:
            self.feeds: Iterator[dict] = iter({INPUT_NAME: batch} for batch in batches)

        def get_next(self) -> dict | None:
            return next(self.feeds, None)

    with tempfile.TemporaryDirectory() as folder, _quiet_root_logger():
        source, prepared, target = (
            Path(folder) / f'{name}.onnx' for name in ('source', 'prepared', 'target')
        )
        source.write_bytes(graph)
        quant_pre_process(source, prepared, skip_symbolic_shape=True)
        quantize_static(
            prepared,
            target,
            Calibration(),
            nodes_to_quantize=_weighted_nodes(onnx.load(prepared)),
            per_channel=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
        return target.read_bytes()


def _weighted_nodes(model: onnx.ModelProto) -> list[str]:
    """Names of the convolutions and matrix products with weights.

    ``MatMulConstBOnly`` of onnxruntime does not leave the others out of static quantization.
    """
    weights = {weight.name for weight in model.graph.initializer}
    coordinate_input = _coordinate_layer_input(model)
    return [
        node.name
        for node in model.graph.node
        if node.op_type in LAYERS
        and node.input[1] in weights
        and node.input[0] != coordinate_input
        and 'patch_embedding' not in node.name
    ]


def _coordinate_layer_input(model: onnx.ModelProto) -> str | None:
    """What the last layer of a regression model takes; ``None`` for other models."""
    if model.graph.output[0].name != DECODED[0]:
        return None
    return [node.input[0] for node in model.graph.node if node.op_type in LAYERS][-1]


def _cut(model: onnx.ModelProto, boundary: str) -> tuple[onnx.ModelProto, onnx.ModelProto]:
    """Cut a model in two at one value.

    The converter's own ``node_block_list`` gives two casts the same name.
    """
    # Extractor wants to know the type, and shape inference does not reach every value
    known = onnx.helper.make_tensor_value_info(boundary, onnx.TensorProto.FLOAT, None)
    model.graph.value_info.append(known)
    extractor = Extractor(model)
    body = extractor.extract_model([INPUT_NAME], [boundary])
    rest = extractor.extract_model([boundary], [output.name for output in model.graph.output])
    del rest.graph.value_info[:]  # it would have the input renamed as well
    return body, compose.add_prefix(rest, 'coordinates/', rename_inputs=False, rename_outputs=False)


class _quiet_root_logger:  # noqa: N801  a context manager, used like a function
    """Keep onnxruntime's advice on its own defaults off the console."""

    def __enter__(self) -> None:
        self.level = logging.root.level
        logging.root.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.root.setLevel(self.level)
