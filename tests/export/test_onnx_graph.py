# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from collections import Counter

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from peaked_model import peaked_model

from conftest import build_model, load_config
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import to_onnx, with_decoder


@pytest.fixture(scope='module')
def model():
    return DeployModel(peaked_model()).eval()


@pytest.fixture(scope='module')
def graph(model):
    return to_onnx(model)


def node_counts(graph):
    """Operations; Identity stands for weights that happen to be equal, and computes nothing."""
    nodes = onnx.load_model_from_string(graph).graph.node
    return Counter(node.op_type for node in nodes if node.op_type != 'Identity')


@pytest.mark.parametrize('batch', [1, 3])
def test_any_batch_size_equals_pytorch(model, graph, batch):
    images = torch.randn(batch, 3, 128, 96)
    with torch.no_grad():
        expected = model(images).numpy()
    (heatmaps,) = onnxruntime.InferenceSession(graph).run(['heatmaps'], {'image': images.numpy()})
    assert heatmaps.shape == (batch, 17, 32, 24)
    assert np.abs(heatmaps - expected).max() <= 1e-5 * np.abs(expected).max()


def test_one_cycle_is_in_the_graph(graph):
    baseline = build_model(load_config('tokenpose-toy')).eval()  # has one cycle even in training
    expected = node_counts(to_onnx(DeployModel(baseline).eval()))
    assert node_counts(graph) == expected
    assert expected['Softmax'] == 2  # one for each of the two layers
    two_cycles = peaked_model()
    two_cycles.neck.test_cycles = 2
    assert node_counts(to_onnx(DeployModel(two_cycles).eval()))['Softmax'] == 4


def test_positions_are_stored_once(graph):
    model = onnx.load_model_from_string(graph)
    arrays = [weight.dims for weight in model.graph.initializer]
    arrays += [node.attribute[0].t.dims for node in model.graph.node if node.op_type == 'Constant']
    assert [list(dims) for dims in arrays].count([1, 17 + 64, 128]) == 1


def test_visual_tokens_end_before_the_last_layer(model, graph):
    changed = onnx.load_model_from_string(graph)
    attention = [node.output[0] for node in changed.graph.node if node.op_type == 'Softmax']
    changed.graph.output.extend(map(onnx.helper.make_empty_tensor_value_info, attention))
    session = onnxruntime.InferenceSession(changed.SerializeToString())
    first, last = session.run(attention, {'image': torch.zeros(1, 3, 128, 96).numpy()})
    assert (first.shape, last.shape) == ((1, 4, 81, 81), (1, 4, 17, 81))
    assert not model.model.neck.keypoints_only  # what the graph is compared with


@pytest.mark.parametrize(('name', 'layers'), [('sdpose-toy', 2), ('sdpose-s-v1', 12)])
def test_layers_shuffle_and_compute_nothing_but_heads(name, layers):
    graph = to_onnx(DeployModel(build_model(load_config(name)).eval()).eval())
    nodes = onnx.load_model_from_string(graph).graph.node
    in_layers = Counter(node.op_type for node in nodes if '/layers.' in node.name)
    assert in_layers['Transpose'] == 4 * layers  # query, key, value, and back
    assert in_layers['Split'] == layers
    assert in_layers['Shape'] == in_layers['Gather'] == in_layers['Concat'] == 0
    outside = Counter(node.op_type for node in nodes if '/layers.' not in node.name)
    assert outside['Transpose'] == 1  # map of visual tokens -> tokens: patches are not cut out


@pytest.mark.parametrize(
    ('name', 'layers', 'norms'), [('sdpose-toy', 2, 4 + 1), ('sdpose-s-v1', 12, 24 + 2)]
)
def test_onnxruntime_fuses_the_layers(name, layers, norms, tmp_path):
    options = onnxruntime.SessionOptions()
    options.optimized_model_filepath = str(tmp_path / 'optimized.onnx')
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    graph = to_onnx(DeployModel(build_model(load_config(name)).eval()).eval())
    onnxruntime.InferenceSession(graph, options)
    fused = node_counts((tmp_path / 'optimized.onnx').read_bytes())
    assert fused['BiasGelu'] == fused['Softmax'] == layers
    assert fused['LayerNormalization'] == norms
    assert fused['BatchNormalization'] == fused['Erf'] == 0


def test_decoder_is_appended(model, graph):
    decoder = DeployModel(model.model, decode=True).decoder
    decoded = with_decoder(graph, decoder)
    onnx.checker.check_model(onnx.load_model_from_string(decoded), full_check=True)
    images = torch.randn(3, 3, 128, 96)
    keypoints, scores = onnxruntime.InferenceSession(decoded).run(
        ['keypoints', 'scores'], {'image': images.numpy()}
    )
    with torch.no_grad():
        expected = model.model.head.decode(model(images))
    np.testing.assert_allclose(
        keypoints, np.concatenate([p.keypoints for p in expected]), atol=2e-3
    )
    np.testing.assert_allclose(
        scores, np.concatenate([p.keypoint_scores for p in expected]), atol=1e-5
    )
