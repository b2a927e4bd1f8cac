# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Importing this package plugs the project into MMPose and MMEngine.

It lets MMPose import where compiled parts are missing, registers all our modules in MMPose's
registries, and makes MMEngine read checkpoints as data and write them whole. Every change that we
make to another package stands in this folder. Configs import it with
``custom_imports = dict(imports=['sdpose.plugin'])``; a script imports it before ``mmpose``.
"""

from sdpose.plugin.installation import check_installation

check_installation()

from sdpose.plugin.mmpose_imports import import_mmpose  # noqa: E402
from sdpose.plugin.newer_stacks import mend_visualizer, silence_noise  # noqa: E402

silence_noise()
import_mmpose()
mend_visualizer()

# MMPose must be importable before these are
from sdpose import classification, codecs, engine, evaluation, models, transforms  # noqa: E402
from sdpose.plugin import checkpoint_files  # noqa: E402

checkpoint_files.install()

__all__ = ['classification', 'codecs', 'engine', 'evaluation', 'models', 'transforms']
