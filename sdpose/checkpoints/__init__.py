# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Checkpoint files: read them safely, find the latest, check that they fit, convert old ones."""
