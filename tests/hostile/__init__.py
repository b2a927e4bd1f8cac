# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Hostile cases: what a user, a disk or a stranger can do to a run, and how the run ends.

``PYTHONPATH=tests python -m hostile --help`` runs them; a share of them is part of the tests.
"""
