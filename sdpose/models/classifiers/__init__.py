# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Image classifiers: the multi-cycled transformer on DeiT."""

from sdpose.models.classifiers.cycled_deit import CycledDeiT

__all__ = ['CycledDeiT']
