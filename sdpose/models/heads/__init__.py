# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Tokens of each cycle -> predictions and losses."""

from sdpose.models.heads.token_heatmap_head import TokenHeatmapHead

__all__ = ['TokenHeatmapHead']
