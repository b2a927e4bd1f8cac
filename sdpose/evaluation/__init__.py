# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Metrics that MMPose lacks."""

from sdpose.evaluation.top_k_accuracy import TopKAccuracy

__all__ = ['TopKAccuracy']
