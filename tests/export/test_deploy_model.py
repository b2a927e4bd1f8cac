# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The three kinds of graph: heatmaps, decoded heatmaps, regression."""

import numpy as np
import onnxruntime
import pytest
import torch
from peaked_model import peaked_model

from conftest import build_model, load_config
from sdpose.errors import InputError
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import to_onnx
from sdpose.export.parity import compare


def test_kinds_of_heatmap_models():
    model = peaked_model()
    assert (DeployModel(model).kind, DeployModel(model).output_names) == ('heatmap', ('heatmaps',))
    decoded = DeployModel(model, decode=True)
    assert (decoded.kind, decoded.output_names) == ('decoded', ('keypoints', 'scores'))
    assert decoded.input_size == (96, 128)


@pytest.mark.parametrize(
    ('name', 'decode'),
    [
        ('distilpose-toy', False),
        ('distilpose-toy-student', True),
        ('distilpose-toy-baseline', False),
        ('sdpose-reg-toy', False),
    ],
)
def test_regression_gives_keypoints_in_pixels_of_the_crop_and_scores(name, decode):
    estimator = build_model(load_config(name)).eval()
    model = DeployModel(estimator, decode).eval()
    assert (model.kind, model.decoder) == ('regression', None)
    graph = to_onnx(model)
    images = torch.randn(3, 3, 128, 96)
    with torch.no_grad():
        feats = estimator.extract_feat(images)
        predicted = estimator.head.predict(feats, [])
    keypoints, scores = onnxruntime.InferenceSession(graph).run(None, {'image': images.numpy()})
    for index, person in enumerate(predicted):
        np.testing.assert_allclose(keypoints[index], person.keypoints[0], atol=1e-3)
        np.testing.assert_allclose(scores[index], person.keypoint_scores[0], atol=1e-5)
    assert compare(graph, model, 'noise', [images]).relative < 1e-5


def test_pruned_tokens_are_exported_for_any_batch_size():
    cfg = load_config('sdpose-toy')
    cfg.model.neck.pruning = dict(keep_ratio=0.5, layers=(0,))
    model = DeployModel(build_model(cfg).eval()).eval()
    images = torch.randn(3, 3, 128, 96)
    session = onnxruntime.InferenceSession(to_onnx(model))
    for batch in (images, images[:1]):
        with torch.no_grad():
            expected = model(batch).numpy()
        (heatmaps,) = session.run(None, {'image': batch.numpy()})
        np.testing.assert_allclose(heatmaps, expected, atol=1e-4 * np.abs(expected).max())


def test_other_heads_are_refused():
    estimator = peaked_model()
    estimator.head.forward = lambda feats: (torch.zeros(1), torch.zeros(1))
    with pytest.raises(InputError, match='TokenHeatmapHead predicts neither heatmaps nor'):
        DeployModel(estimator)


def test_mmposes_regression_heads_are_no_heatmap_heads():
    estimator = peaked_model()
    estimator.head.forward = lambda feats: torch.zeros(1, 17, 2)
    with pytest.raises(InputError, match='predicts neither heatmaps nor'):
        DeployModel(estimator)
