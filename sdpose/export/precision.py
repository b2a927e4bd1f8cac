# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Smaller numbers in an ONNX graph: half precision and 8-bit integers.

Decoding counts pixels and takes logarithms, which few bits cannot hold: it is appended afterwards.
"""

import tempfile
from pathlib import Path

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


def to_int8(graph: bytes) -> bytes:
    """Quantize the weights of linear layers; what they take is quantized while the model runs.

    Convolutions, the products of two activations in attention and all the rest stay in single
    precision: convolutions hold few weights, and lose poses in 8 bits (docs/export.md).

    Args:
        graph: A serialized ONNX model in single precision.

    Returns:
        A serialized ONNX model with DynamicQuantizeLinear and MatMulInteger nodes.
    """
    from onnxruntime.quantization import quantize_dynamic  # noqa: PLC0415

    model = onnx.load_model_from_string(graph)
    # without this mark it advises on the console to call its preprocessing
    onnx.helper.set_model_props(model, {'onnx.quant.pre_process': 'onnxruntime.quant'})
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / 'model.onnx'
        # 7 of 8 bits (reduce_range): x86 CPUs without VNNI add two products up in 16 bits
        quantize_dynamic(
            model, target, op_types_to_quantize=['MatMul'], per_channel=True, reduce_range=True
        )
        return target.read_bytes()


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
