# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Feature map -> tokens of each cycle."""

from sdpose.models.necks.multi_cycled_transformer import MultiCycledTransformer

__all__ = ['MultiCycledTransformer']
