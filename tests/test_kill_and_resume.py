# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch

from conftest import run_tool


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares trainings on CPUs')
@pytest.mark.slow
def test_killed_trainings_resume_to_what_unbroken_ones_come_to():
    result = run_tool('tests/kill_and_resume.py', '--kills', 5)
    assert result.returncode == 0, result.stdout + result.stderr
    assert result.stdout.count(': equal\n') == 5
    assert result.stdout.count(', killed ') >= 3  # others ended before their moment came
