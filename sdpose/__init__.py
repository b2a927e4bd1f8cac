# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Tokenized human pose estimation and its distillation, as a plugin of MMPose 1.x.

Importing this package does nothing. ``sdpose.plugin`` registers its modules in MMPose's registries:
configs import it with ``custom_imports = dict(imports=['sdpose.plugin'])``, and a script imports it
before ``mmpose``. ``sdpose.runtime`` runs exported models without PyTorch and MMPose.
"""

__version__ = '0.2.0'
