# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A toy model whose heatmaps look trained, without training it."""

from pathlib import Path

import torch
from mmengine.config import Config
from torch import nn

from conftest import TOY_CONFIG, build_model


def peaked_model() -> nn.Module:
    """Build the SDPose toy model; each heatmap has one peak that the image moves a little.

    Random weights alone give noise, in which rounding decides where the maximum is.
    """
    model = build_model(Config.fromfile(TOY_CONFIG))
    model.backbone.init_cfg = [dict(type='Kaiming', layer='Conv2d')]
    model.init_weights()
    width, height = model.head.decoder.heatmap_size
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    peak = torch.exp(-((x - 10.3) ** 2 + (y - 17.6) ** 2) / (2 * 1.5**2))
    model.head.mlp[-1].bias.data = peak.flatten()
    return model.eval()


def save_peaked_checkpoint(path: Path) -> Path:
    """Save its weights as a checkpoint."""
    torch.save(dict(state_dict=peaked_model().state_dict()), path)
    return path
