# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Plain torch building blocks; nothing here knows MMPose."""

from sdpose.models.layers.attention import Attention
from sdpose.models.layers.encoder_layer import EncoderLayer
from sdpose.models.layers.patches import split_into_patches
from sdpose.models.layers.sine_positions import sine_positions_2d

__all__ = ['Attention', 'EncoderLayer', 'sine_positions_2d', 'split_into_patches']
