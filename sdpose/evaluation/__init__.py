# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What MMPose's metrics lack; and which prediction belongs to which person, for figures."""

from sdpose.evaluation.redecoded_coco_metric import RedecodedCocoMetric

__all__ = ['RedecodedCocoMetric']
