# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Keypoints -> training targets; predictions -> keypoints."""

from sdpose.codecs.coordinate_target import CoordinateTarget
from sdpose.codecs.regression_with_confidence import RegressionWithConfidence
from sdpose.codecs.unrefined_heatmap import UnrefinedHeatmap

__all__ = ['CoordinateTarget', 'RegressionWithConfidence', 'UnrefinedHeatmap']
