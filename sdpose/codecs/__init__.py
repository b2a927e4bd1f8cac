# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Keypoints -> training targets; predictions -> keypoints."""

from sdpose.codecs.regression_with_confidence import RegressionWithConfidence

__all__ = ['RegressionWithConfidence']
