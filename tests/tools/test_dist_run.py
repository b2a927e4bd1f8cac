# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""How runs of several processes end when something goes wrong in one."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import dist_run
import pytest

from conftest import ROOT, TOY_CONFIG, run_tool


def processes_of(mark):
    """Pid -> rank of all processes that have a mark in their environment."""
    found = {}
    for path in Path('/proc').glob('[0-9]*'):
        with contextlib.suppress(OSError):
            variables = (path / 'environ').read_bytes().decode(errors='replace').split('\0')
            if f'SDPOSE_MARK={mark}' in variables:
                ranks = [each[5:] for each in variables if each.startswith('RANK=')]
                found[int(path.name)] = ranks[0] if ranks else ''
    return found


@pytest.fixture
def training(toy_coco, tmp_path):
    """Two processes that train and would not end for long."""
    words = ['bash', 'tools/dist_train.sh', TOY_CONFIG, '2', '--work-dir', tmp_path]
    words += ['--data-root', toy_coco, '--no-validate', '--cfg-options', 'model.neck.depth=1']
    words += ['train_cfg.max_epochs=10000', 'train_dataloader.num_workers=1']
    words += ['env_cfg.dist_cfg.timeout=5']
    environ = {
        **os.environ,
        'PYTHON': sys.executable,
        'PORT': '29617',
        'SDPOSE_MARK': str(tmp_path),
    }
    process = subprocess.Popen(
        words, cwd=ROOT, env=environ, start_new_session=True, text=True, stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )  # fmt: skip
    until = time.monotonic() + 60
    while not list(tmp_path.glob('epoch_*.pth')):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < until
        time.sleep(0.05)
    assert {'0', '1'} <= set(processes_of(tmp_path).values())
    yield process
    for pid in processes_of(tmp_path):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def assert_gone(mark, seconds):
    until = time.monotonic() + seconds
    while left := processes_of(mark):
        assert time.monotonic() < until, f'{left} are left'
        time.sleep(0.05)


@pytest.mark.slow
def test_processes_end_with_their_launcher(training, tmp_path):
    training.kill()
    training.wait()
    assert_gone(tmp_path, seconds=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    ('number', 'status', 'line'),
    [
        (signal.SIGINT, 130, 'Interrupted; what was written so far is kept.'),
        (signal.SIGKILL, 1, 'Error: the process of rank 1 was killed (SIGKILL).'),
        (signal.SIGSTOP, 1, 'Error: This process gives up: another process of this run has ended'),
    ],
    ids=lambda value: getattr(value, 'name', ''),
)
def test_end_of_one_is_the_end_of_all_and_one_line(number, status, line, training, tmp_path):
    of_second = min(pid for pid, rank in processes_of(tmp_path).items() if rank == '1')
    os.kill(training.pid if number == signal.SIGINT else of_second, number)
    _, err = training.communicate(timeout=60)
    assert training.returncode == status, err
    assert 'Traceback' not in err
    assert len([text for text in err.splitlines() if text.startswith(('Error', 'Interr'))]) == 1
    assert line in err
    assert_gone(tmp_path, seconds=5)


@pytest.mark.slow
def test_wrong_input_is_told_once():
    result = run_tool('tools/dist_train.sh', TOY_CONFIG, 2, '--data-root', 'nowhere', PORT='29619')
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    assert line.startswith('Error: There is no data folder nowhere')


@pytest.mark.parametrize(
    ('gpus', 'variables', 'words'),
    [
        ('x', {}, 'GPUS=x is no number from 1'),
        ('0', {}, 'GPUS=0'),
        ('1', dict(NNODES='two'), 'NNODES=two'),
        ('1', dict(NNODES='2', NODE_RANK='2'), 'NODE_RANK=2 is no number from 0 to 1'),
        ('1', dict(PORT='70000'), 'PORT=70000'),
    ],
)
def test_wrong_numbers_are_one_line(gpus, variables, words, monkeypatch, capsys):
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert dist_run.main([gpus, 'train.py', str(TOY_CONFIG)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
