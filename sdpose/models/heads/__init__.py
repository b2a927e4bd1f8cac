# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Tokens or features -> predictions, losses."""

from sdpose.models.heads.pooled_regression_head import PooledRegressionHead
from sdpose.models.heads.token_heatmap_head import TokenHeatmapHead
from sdpose.models.heads.token_regression_head import TokenRegressionHead

__all__ = ['PooledRegressionHead', 'TokenHeatmapHead', 'TokenRegressionHead']
