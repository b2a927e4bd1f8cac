# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""An exported model as the class ``RTMPose`` of rtmlib takes it; rtmlib itself is not needed.

rtmlib normalizes BGR channels with the numbers of RGB, and knows two kinds of outputs: heatmaps,
whose last pixel it takes for the border of the crop, as UDP does, and refines in its own way; and
SimCC, one vector for x and one for y, of which it takes the maximum as it is.
"""

from typing import Any

import torch
from torch import Tensor, nn

from sdpose.errors import InputError
from sdpose.export.deploy_model import DECODED
from sdpose.export.onnx_graph import INPUT_NAME, merge, trace

# What rtmlib does, and has no setting for in `Custom`
MEAN, STD = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
BOX_PADDING = 1.25
CELLS = 2  # of a vector for each pixel of the crop

NORMALIZED = 'rtmlib_image'
VECTORS = ('simcc_x', 'simcc_y')


class NormalizedAgain(nn.Module):
    """rtmlib's normalized crop (B, 3, H, W) -> that of the model.

    Args:
        card: Of the model.
    """

    def __init__(self, card: dict[str, Any]) -> None:
        super().__init__()
        self.order = [2, 1, 0] if card['bgr_to_rgb'] else [0, 1, 2]
        for name, values in dict(
            rtmlib_mean=MEAN, rtmlib_std=STD, mean=card['mean'], std=card['std']
        ).items():
            self.register_buffer(name, torch.tensor(values)[:, None, None])
        self.rtmlib_mean: Tensor
        self.rtmlib_std: Tensor
        self.mean: Tensor
        self.std: Tensor

    def forward(self, image: Tensor) -> Tensor:
        """Undo rtmlib's normalization, to the whole numbers of the picture; do the model's."""
        pixels = (image * self.rtmlib_std + self.rtmlib_mean).round()
        return (pixels[:, self.order] - self.mean) / self.std


class SimCCVectors(nn.Module):
    """Keypoints (B, K, 2) in pixels of the crop, scores (B, K) -> vectors (B, K, 2 * side + 1).

    Each is 0 but for the half pixel next to the keypoint, which has its score.

    Args:
        input_size: Width and height of the crop.
    """

    def __init__(self, input_size: tuple[int, int]) -> None:
        super().__init__()
        self.input_size = input_size

    def forward(self, keypoints: Tensor, scores: Tensor) -> tuple[Tensor, ...]:
        """Draw."""
        cells = (CELLS * keypoints).round()
        vectors = []
        for axis, side in enumerate(self.input_size):
            at = cells[..., axis, None].clamp(0, CELLS * side)  # (B, K, 1)
            vectors.append(scores[..., None] * (torch.arange(CELLS * side + 1) == at))
        return tuple(vectors)


def check_crop(card: dict[str, Any]) -> None:
    """Refuse a model whose persons rtmlib would cut out otherwise.

    Raises:
        InputError: The padding of its boxes is another, or it wants UDP's crops.
    """
    if card['use_udp'] or card['box_padding'] != BOX_PADDING:
        crop = "UDP's crops" if card['use_udp'] else f'boxes enlarged by {card["box_padding"]:g}'
        raise InputError(
            f'rtmlib enlarges boxes by {BOX_PADDING} and has no crops of UDP, but {card["config"]} '
            f'has {crop}: train with the padding {BOX_PADDING} of GetBBoxCenterScale, and without '
            'use_udp of TopdownAffine.'
        )


def for_rtmlib(graph: bytes, card: dict[str, Any]) -> tuple[bytes, dict[str, Any]]:
    """Put what rtmlib needs around a graph.

    Args:
        graph: A serialized ONNX model with the outputs ``keypoints`` and ``scores``.
        card: Its description.

    Returns:
        A serialized ONNX model with the outputs ``simcc_x`` and ``simcc_y``; its description.
    """
    width, height = card['input_size']
    keypoints = torch.zeros(2, len(card['keypoint_names']), 2)
    before = trace(
        NormalizedAgain(card), {NORMALIZED: torch.zeros(2, 3, height, width)}, [INPUT_NAME]
    )
    inputs = dict(zip(DECODED, (keypoints, keypoints[..., 0]), strict=True))
    after = trace(SimCCVectors((width, height)), inputs, VECTORS)
    changes = dict(
        input_name=NORMALIZED,
        bgr_to_rgb=False,
        mean=list(MEAN),
        std=list(STD),
        output_kind='rtmlib',
        output_names=list(VECTORS),
    )
    return merge(before, graph, after), {**card, **changes}
