# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Losses on tensors; they know no model."""

from sdpose.models.losses.confidence_loss import ConfidenceLoss
from sdpose.models.losses.simulated_heatmap_loss import SimulatedHeatmapLoss
from sdpose.models.losses.token_distillation_loss import TokenDistillationLoss

__all__ = ['ConfidenceLoss', 'SimulatedHeatmapLoss', 'TokenDistillationLoss']
