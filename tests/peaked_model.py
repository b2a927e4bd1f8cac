# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A toy model whose heatmaps look trained, without training it, and its ONNX models."""

import json
import math
import tempfile
from copy import deepcopy
from functools import cache
from pathlib import Path

import torch
from mmengine.config import Config
from torch import Tensor, nn

from conftest import TOY_CONFIG, build_model
from sdpose.export.exporter import Exported, export


def peaked_model(apart: bool = False) -> nn.Module:
    """Build the SDPose toy model; each heatmap has one peak that the image moves a little.

    Random weights alone give noise, in which rounding decides where the maximum is.

    Args:
        apart: Whether each keypoint has a place of its own, so that limbs can be seen.
    """
    return deepcopy(_built(apart))


@cache
def _built(apart: bool) -> nn.Module:
    model = build_model(Config.fromfile(TOY_CONFIG))
    model.backbone.init_cfg = [dict(type='Kaiming', layer='Conv2d')]
    model.init_weights()
    model.eval()
    last = model.head.mlp[-1]
    if apart:
        angles = torch.linspace(0, 2 * math.pi, model.head.out_channels + 1)[:-1]
        peaks = _peaks(model, 11.7 + 8 * angles.cos(), 15.6 + 11 * angles.sin())
        with torch.no_grad():
            tokens = model.extract_feat(torch.randn(8, 3, 128, 96))[-1].keypoint
            hidden = model.head.mlp[:-1](tokens)
            last.weight.copy_(torch.linalg.pinv(hidden.mean(0)).matmul(peaks).T)
    else:
        last.bias.data = _peaks(model, torch.tensor([10.3]), torch.tensor([17.6]))[0]
    return model


def _peaks(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    """(K,) places in pixels of a heatmap -> heatmaps (K, H * W)."""
    width, height = model.head.decoder.heatmap_size
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    squares = (columns.flatten() - x[:, None]) ** 2 + (rows.flatten() - y[:, None]) ** 2
    return torch.exp(-squares / (2 * 1.5**2))


def save_peaked_checkpoint(path: Path) -> Path:
    """Save its weights as a checkpoint."""
    torch.save(dict(state_dict=peaked_model(apart=True).state_dict()), path)
    return path


def save_peaked_onnx(path: Path, decode: bool = False) -> Path:
    """Save it as an ONNX model, with its description beside it."""
    exported = _exported(decode)
    path.write_bytes(exported.graph)
    path.with_suffix('.json').write_text(json.dumps(exported.card))
    return path


@cache
def _exported(decode: bool) -> Exported:
    cfg = Config.fromfile(TOY_CONFIG)
    cfg.val_dataloader.dataset.data_root = 'nowhere/'
    with tempfile.TemporaryDirectory() as folder:
        return export(cfg, str(save_peaked_checkpoint(Path(folder) / 'toy.pth')), decode)


def save_peaked_weights(folder):
    """Save ``toy.pth`` and ``model.onnx`` in a folder; return the checkpoint."""
    save_peaked_onnx(folder / 'model.onnx')
    return save_peaked_checkpoint(folder / 'toy.pth')
