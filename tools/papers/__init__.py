# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The papers' tables: their one source, the pages rendered from it, our figures beside theirs."""
