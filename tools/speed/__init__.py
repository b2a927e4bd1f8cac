# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How fast models are, and how fast the machine lets them be."""

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import
