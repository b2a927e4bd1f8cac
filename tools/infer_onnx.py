# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The same as ``python -m sdpose.runtime``."""

import sys

from sdpose.runtime.__main__ import main
from sdpose.runtime.command import run_command

if __name__ == '__main__':
    sys.exit(run_command(main))
