# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Small graphs with the inputs and outputs of YOLOX and RTMDet, which see colours."""

import inspect
import warnings

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

HEIGHT, WIDTH = 160, 128  # of the detector's input
COLORS = dict(blue=(255, 0, 0), green=(0, 255, 0), red=(0, 0, 255))
SCORES = (0.8, 0.9, 0.95)  # of a blue person, a green person and a red dog


class SeesColours(nn.Module):
    """The smallest box around all pixels of each of three colours.

    Args:
        level: Between 114, which rtmlib fills the input up with, and 255; normalized for RTMDet.
        raw: Whether to predict at the cells of the maps, as YOLOX, or boxes.
    """

    def __init__(self, level, raw):
        super().__init__()
        self.level, self.raw = level, raw

    def forward(self, image):
        seen = (image > self.level)[0]  # (3, H, W)
        seen = seen & (seen.sum(0, keepdim=True) == 1)
        sides = []
        for axis, size in ((1, WIDTH), (2, HEIGHT)):
            places, along = torch.arange(size), seen.any(axis)
            first = torch.where(along, places, size).amin(1)
            sides.append((first, torch.where(along, places + 1, 0).amax(1)))
        (x1, x2), (y1, y2) = ([side.float() for side in pair] for pair in sides)
        scores = torch.where(x2 > x1, torch.tensor(SCORES), 0.0)
        if not self.raw:
            scores = F.hardsigmoid(6 * (scores - 0.5)) if self.level < 10 else scores
            dets = torch.stack([x1, y1, x2, y2, scores], dim=1)
            return F.pad(dets, (0, 0, 0, 2))[None], torch.tensor([[0, 0, 16, 0, 0]])
        x = torch.arange(3) % (WIDTH // 8)
        center = torch.stack([(x1 + x2) / 16 - x, (y1 + y2) / 16], dim=1)
        size = torch.stack([x2 - x1, y2 - y1], dim=1).clamp(min=1).div(8).log()
        classes = F.one_hot(torch.tensor([0, 0, 16]), 80)
        found = torch.cat([center, size, scores[:, None], classes], dim=1)
        # three cells further the same is seen again, less surely
        again = torch.cat([found[:, :1] - 3, found[:, 1:4], 0.9 * found[:, 4:]], dim=1)
        cells = sum((HEIGHT // stride) * (WIDTH // stride) for stride in (8, 16, 32))
        return F.pad(torch.cat([found, again]), (0, 0, 0, cells - 6))[None]


def save_onnx(path, module, names):
    """Save a module that takes the detector's input."""
    choice = {}
    if 'dynamo' in inspect.signature(torch.onnx.export).parameters:
        choice['dynamo'] = False
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # constants in the trace are meant
        image = torch.zeros(1, 3, HEIGHT, WIDTH)
        torch.onnx.export(module, (image,), path, output_names=names, opset_version=17, **choice)
    return path


def picture(height, width, **boxes):
    """A dark picture with boxes (x, y, w, h) of some colours."""
    image = np.full((height, width, 3), 20, np.uint8)
    for color, (x, y, w, h) in boxes.items():
        image[y : y + h, x : x + w] = COLORS[color]
    return image
