# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The papers' figures of one's own models; a module each computes one figure and draws it."""
