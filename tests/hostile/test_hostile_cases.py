# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A share of the hostile cases, spread over all doors; ``python -m hostile`` runs all."""

import os
import subprocess
import sys

from conftest import ROOT


def test_no_traces_silent_errors_or_hangs():
    # a process of its own: what is forked must not have the threads of other tests
    command = [sys.executable, '-m', 'hostile', '--share', '0.025']
    path = os.pathsep.join(str(ROOT / name) for name in ('tests', '.'))
    env = {**os.environ, 'PYTHONPATH': path}
    result = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    total = next(line for line in result.stdout.splitlines() if line.startswith('| all '))
    assert int(total.split('|')[2]) >= 30
