# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Half precision and 8-bit integers stay near PyTorch."""

from collections import Counter

import numpy as np
import onnx
import pytest
import torch
from peaked_model import peaked_model

from conftest import build_model, load_config
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import to_onnx, with_decoder
from sdpose.export.parity import compare
from sdpose.export.precision import to_fp16, to_int8


@pytest.fixture(scope='module')
def batches():
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(4, 3, 128, 96, generator=generator) for _ in range(2)]


@pytest.mark.parametrize(
    ('reduce', 'of_scale', 'pixels', 'size'),
    [(to_fp16, 2e-3, 0.01, 0.55), (to_int8, 0.05, 0.1, 0.48)],
)
@pytest.mark.parametrize('decode', [False, True])
def test_difference_and_size(reduce, of_scale, pixels, size, decode, batches):
    model = DeployModel(peaked_model(), decode).eval()
    full = to_onnx(model)
    graph = reduce(full)
    if model.decoder:
        graph = with_decoder(graph, model.decoder)
    onnx.checker.check_model(onnx.load_model_from_string(graph), full_check=True)
    difference = compare(graph, model, 'noise', batches)
    assert 1e-6 < difference.output / difference.scale < of_scale
    assert 1e-6 < np.quantile(difference.keypoints, 0.95) < pixels
    assert difference.keypoints.max() < 20 * pixels
    assert len(graph) < size * len(full)


def test_linear_layers_are_quantized_and_nothing_else():
    graph = onnx.load_model_from_string(to_int8(to_onnx(DeployModel(peaked_model()).eval())))
    types = Counter(node.op_type for node in graph.graph.node)
    # 2 layers of 4 linear layers and 2 products of attention; head
    assert (types['MatMulInteger'], types['MatMul'], types['ConvInteger']) == (9, 4, 0)


@pytest.mark.parametrize('name', ['distilpose-toy-student', 'distilpose-toy-baseline'])
def test_coordinates_are_computed_in_single_precision(name, batches):
    estimator = build_model(load_config(name)).eval()
    model = DeployModel(estimator).eval()
    graph = to_fp16(to_onnx(model))
    half = onnx.load_model_from_string(graph)
    onnx.checker.check_model(half, full_check=True)
    (last,) = [node for node in half.graph.node if 'keypoints' in node.output]
    assert last.op_type == 'Mul'  # in half precision a Cast would follow
    assert 1e-6 < compare(graph, model, 'noise', batches).keypoints.max() < 0.05
