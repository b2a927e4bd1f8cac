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

from sdpose.export.onnx_graph import INPUT_NAME


def to_fp16(graph: bytes) -> bytes:
    """Turn weights and arithmetic into half precision; inputs and outputs stay float32.

    Args:
        graph: A serialized ONNX model in single precision.

    Returns:
        A serialized ONNX model.
    """
    # onnxruntime's tools take a second to import
    # onnxruntime's tools take a second to import
    from onnxruntime.transformers.float16 import convert_float_to_float16  # noqa: PLC0415
    from onnxruntime.transformers.onnx_model import OnnxModel  # noqa: PLC0415

    half = convert_float_to_float16(onnx.load_model_from_string(graph), keep_io_types=True)
    OnnxModel(half).topological_sort()  # the converter appends its casts at the end
    return half.SerializeToString()


def to_int8(graph: bytes, batches: Iterable[np.ndarray]) -> bytes:
    """Quantize convolutions and linear layers statically, with a scale per output channel.

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
    return [
        node.name
        for node in model.graph.node
        if node.op_type in ('Conv', 'Gemm', 'MatMul') and node.input[1] in weights
    ]


class _quiet_root_logger:  # noqa: N801  a context manager, used like a function
    """Keep onnxruntime's advice on its own defaults off the console."""

    def __enter__(self) -> None:
        self.level = logging.root.level
        logging.root.setLevel(logging.ERROR)

    def __exit__(self, *_: object) -> None:
        logging.root.setLevel(self.level)
