# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The three kinds of graph, among them that of regression models, with a stand-in head."""

from typing import NamedTuple

import numpy as np
import onnxruntime
import pytest
import torch
from mmengine.structures import InstanceData
from mmpose.codecs import RegressionLabel
from peaked_model import peaked_model
from torch import Tensor, nn

from sdpose.errors import InputError
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import to_onnx
from sdpose.export.parity import compare


class Output(NamedTuple):
    coordinate: Tensor
    confidence: Tensor
    raw_sigma: Tensor


class StandInHead(nn.Module):
    """Reads a location off each keypoint token, as the regression head of DistilPose."""

    def __init__(self):
        super().__init__()
        self.decoder = RegressionLabel(input_size=(96, 128))
        self.linear = nn.Linear(128, 5)

    def forward(self, feats):
        coordinate, confidence, sigma = self.linear(feats[-1].keypoint).split((2, 1, 2), -1)
        return Output(coordinate.sigmoid(), confidence, sigma)

    def predict(self, feats, samples, test_cfg):
        output = self(feats)
        pixels = output.coordinate * torch.tensor([96.0, 128.0])
        return [
            InstanceData(keypoints=k[None].numpy(), keypoint_scores=s[None, :, 0].numpy())
            for k, s in zip(pixels, output.confidence, strict=True)
        ]


def test_kinds_of_heatmap_models():
    model = peaked_model()
    assert (DeployModel(model).kind, DeployModel(model).output_names) == ('heatmap', ('heatmaps',))
    decoded = DeployModel(model, decode=True)
    assert (decoded.kind, decoded.output_names) == ('decoded', ('keypoints', 'scores'))
    assert decoded.input_size == (96, 128)


@pytest.mark.parametrize('decode', [False, True])
def test_regression_gives_keypoints_in_pixels_of_the_crop(decode):
    estimator = peaked_model()
    torch.manual_seed(0)
    estimator.head = StandInHead()
    model = DeployModel(estimator, decode).eval()
    assert (model.kind, model.decoder) == ('regression', None)
    graph = to_onnx(model)
    images = torch.randn(3, 3, 128, 96)
    with torch.no_grad():
        output = estimator.head(estimator.extract_feat(images))
    keypoints, scores = onnxruntime.InferenceSession(graph).run(None, {'image': images.numpy()})
    expected = output.coordinate.numpy() * np.array([96, 128])
    np.testing.assert_allclose(keypoints, expected, atol=1e-3)
    np.testing.assert_allclose(scores, output.confidence[..., 0], atol=1e-5)
    difference = compare(graph, model, 'noise', [images])
    assert difference.relative < 1e-5


def test_other_heads_are_refused():
    estimator = peaked_model()
    estimator.head.forward = lambda feats: (torch.zeros(1), torch.zeros(1))
    with pytest.raises(InputError, match='TokenHeatmapHead predicts neither heatmaps nor'):
        DeployModel(estimator)
