# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Compare an ONNX model with the PyTorch model that it came from."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import onnxruntime
import torch
from torch import Tensor

from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import INPUT_NAME

TOLERANCE = 1e-4  # of the output's scale, in single precision
# Rounding decides where the maximum of a flat heatmap is, so that a few decoded keypoints may jump:
# this share of them is judged
JUDGED_SHARE = 0.95


@dataclass(frozen=True)
class Difference:
    """How far an ONNX model is from PyTorch on some inputs.

    Attributes:
        inputs: What the inputs were.
        number: How many.
        output: Largest difference of heatmaps or scores.
        scale: Largest absolute heatmap value or score of PyTorch.
        keypoints: Distances (n,) of keypoints to those that MMPose's ``head.predict`` decodes, in
            pixels of the crop.
        input_size: Width and height of the crop.
        decoded: The graph returns keypoints.
    """

    inputs: str
    number: int
    output: float
    scale: float
    keypoints: np.ndarray
    input_size: tuple[int, int]
    decoded: bool

    @property
    def relative(self) -> float:
        """The largest difference of any output, as a share of that output's scale."""
        shares = [self.output / self.scale if self.scale else self.output]
        if self.decoded:
            shares.append(np.quantile(self.keypoints, JUDGED_SHARE) / max(self.input_size))
        return float(np.max(shares))  # NaN stays NaN, unlike with max()

    def __str__(self) -> str:
        """The difference in one line."""
        name = 'scores' if self.decoded else 'heatmaps'
        median, most, largest = np.quantile(self.keypoints, [0.5, JUDGED_SHARE, 1])
        return (
            f'{self.inputs} ({self.number}): {name} differ by at most {self.output:.1e} '
            f'({self.output / (self.scale or 1):.1e} of their scale {self.scale:.3g}); keypoints '
            f'by {median:.4f} px in the median, {most:.4f} px for {JUDGED_SHARE:.0%} of them, '
            f'{largest:.4f} px at most'
        )


def compare(graph: bytes, model: DeployModel, inputs: str, batches: Sequence[Tensor]) -> Difference:
    """Run both models on the same inputs.

    Args:
        graph: A serialized ONNX model.
        model: What it came from.
        inputs: What the inputs are, for people.
        batches: Normalized crops, (B, 3, H, W).

    Returns:
        The largest differences.
    """
    session = onnxruntime.InferenceSession(graph, providers=['CPUExecutionProvider'])
    head = model.model.head
    outputs, expected = [], []  # heatmaps or scores
    keypoints, expected_keypoints = [], []
    for batch in batches:
        found = session.run(None, {INPUT_NAME: batch.numpy()})
        with torch.no_grad():
            features = model.model.extract_feat(batch)
            predicted = head.predict(features, [], test_cfg=dict(flip_test=False))
            if model.kind == 'heatmap':
                outputs.append(found[0])
                expected.append(head(features).numpy())
                keypoints += [person.keypoints[0] for person in head.decode(torch.tensor(found[0]))]
            else:
                outputs.append(found[1])
                expected.append(np.concatenate([p.keypoint_scores for p in predicted]))
                keypoints += list(found[0])
        expected_keypoints += [person.keypoints[0] for person in predicted]
    reference, exported = np.concatenate(expected), np.concatenate(outputs)
    return Difference(
        inputs=inputs,
        number=len(keypoints),
        output=float(np.abs(exported - reference).max()),
        scale=float(np.abs(reference).max()),
        keypoints=np.linalg.norm(np.array(keypoints) - expected_keypoints, axis=-1).ravel(),
        input_size=model.input_size,
        decoded=model.kind != 'heatmap',
    )
