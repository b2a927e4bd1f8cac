# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The part of a pose model that is deployed: normalized crop in, prediction out."""

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn

from sdpose.errors import InputError
from sdpose.export.decoding import HeatmapDecoder
from sdpose.models.inference import prepare_for_inference
from sdpose.models.regression_output import RegressionOutput

HEATMAPS = ('heatmaps',)
DECODED = ('keypoints', 'scores')


class DeployModel(nn.Module):
    """A top-down pose model without what belongs to MMPose: samples, flip test, numpy.

    Args:
        model: A top-down pose estimator in evaluation mode; it is not changed.
        decode: Whether heatmaps are to be decoded in the graph.

    Attributes:
        model: The estimator as it was given, for comparison.
        kind: What the exported graph returns: ``heatmap``; ``decoded``, keypoints and scores from
            heatmaps; or ``regression``, keypoints and scores of a regression model.
        decoder: What is to follow :meth:`forward` in the graph, for ``decoded``.
        output_names: Of the exported graph.
        input_size: Width and height of the input in pixels.

    Raises:
        InputError: The head predicts something else, or its heatmaps cannot be decoded in the
            graph.
    """

    def __init__(self, model: Any, decode: bool = False) -> None:
        super().__init__()
        self.model: Any = model
        self.deployed: Any = deepcopy(model)
        prepare_for_inference(self.deployed)
        _make_buffers_persistent(self.deployed)
        width, height = (int(side) for side in model.head.decoder.input_size)
        self.input_size = (width, height)
        with torch.no_grad():
            output = self(torch.zeros(1, 3, height, width))
        self.kind = 'heatmap' if isinstance(output, Tensor) else 'regression'
        self.decoder: HeatmapDecoder | None = None
        if self.kind == 'heatmap' and decode:
            self.kind = 'decoded'
            self.decoder = HeatmapDecoder(model.head.decoder)
        self.output_names = HEATMAPS if self.kind == 'heatmap' else DECODED

    def forward(self, image: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Predict.

        Args:
            image: Normalized crops, (B, 3, H, W).

        Returns:
            Heatmaps (B, K, h, w); of a regression model keypoints (B, K, 2) in pixels of the crop
            and scores (B, K).
        """
        output = self.deployed.head(self.deployed.extract_feat(image))
        # MMPose's own regression heads give tensors as well, (B, K, 2)
        if isinstance(output, Tensor) and output.ndim == 4:
            return output
        if isinstance(output, RegressionOutput):
            pixels = output.coordinate.new_tensor(self.input_size)
            return output.coordinate * pixels, self.model.head.keypoint_scores(output)
        raise InputError(
            f'The head {type(self.model.head).__name__} predicts neither heatmaps nor coordinates '
            'with a confidence: it cannot be exported.'
        )


def _make_buffers_persistent(model: nn.Module) -> None:
    """Let a trace see buffers as weights: of others it writes a copy wherever they are used."""
    for module in model.modules():
        for name, buffer in list(module.named_buffers(recurse=False)):
            module.register_buffer(name, buffer)
