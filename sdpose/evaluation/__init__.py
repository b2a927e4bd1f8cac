# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Which prediction belongs to which person, for figures."""
