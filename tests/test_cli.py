# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import argparse
import errno

import pytest
from mmengine.logging import MMLogger

from conftest import TOY_CONFIG
from sdpose.cli import load_run_config, run_tool
from sdpose.errors import InputError


def make_args(**kwargs):
    defaults = dict(
        config=str(TOY_CONFIG),
        work_dir=None,
        data_root=None,
        cfg_options={},
        launcher='none',
        local_rank=0,
    )
    return argparse.Namespace(**{**defaults, **kwargs})


def test_work_dir_is_named_after_the_config():
    assert load_run_config(make_args()).work_dir == f'work_dirs/{TOY_CONFIG.stem}'
    assert load_run_config(make_args(work_dir='here')).work_dir == 'here'


def test_options_change_the_config():
    args = make_args(data_root='/elsewhere', cfg_options={'model.neck.num_cycles': 3})
    cfg = load_run_config(args)
    assert cfg.model.neck.num_cycles == 3
    assert cfg.train_dataloader.dataset.data_root == '/elsewhere/'


def raise_(error):
    raise error


@pytest.mark.parametrize(
    ('error', 'status', 'line'),
    [
        (InputError('the path is wrong'), 1, 'Error: the path is wrong\n'),
        (KeyError('occurs when loading `a/b.jpg`.Please'), 1, 'a/b.jpg is missing or broken'),
        (
            InputError('Caught InputError in DataLoader worker process 0.\nOriginal Traceback\n'
                       '  raise InputError(f"The image")\nsdpose.errors.InputError: A broke.\n'),
            1,
            'Error: A broke.\n',
        ),
        (
            PermissionError(errno.EACCES, 'Permission denied', 'in.json'),
            1,
            'Error: in.json: Permission denied.\n',
        ),
        (OSError('only half of it'), 1, 'Error: only half of it\n'),
        (KeyboardInterrupt(), 130, 'Interrupted'),
    ],
)  # fmt: skip
def test_user_errors_are_one_line(error, status, line, capsys):
    assert run_tool(lambda _: raise_(error)) == status
    assert line in capsys.readouterr().err


@pytest.mark.parametrize(
    ('error', 'sentence'),
    [
        (ZeroDivisionError('by 0'), 'unexpected ZeroDivisionError: by 0. (SDPOSE_TRACEBACK=1 '),
        (RuntimeError('DataLoader worker (pid 5) is killed by signal: Killed.'), 'fewer workers'),
        (
            ImportError('Please run "pip install future tensorboard" to install x'),
            ': pip install tensorboard.',
        ),
        (ImportError('Please run "pip install wandb" to install wandb'), ': pip install wandb.'),
        (
            RuntimeError('parameters that were not used in producing loss.'),
            'find_unused_parameters',
        ),
        (RuntimeError('CUDA out of memory. Tried to allocate'), 'too little memory'),
        (RuntimeError('[x.cc:5] Connection closed by peer [::1]:9'), 'another process of this run'),
        (
            ValueError(
                'Caught ValueError in DataLoader worker process 0.\nTraceback\nValueError: odd'
            ),
            'unexpected ValueError: ValueError: odd.',
        ),
    ],
)
def test_other_errors_are_one_line_as_well(error, sentence, capsys):
    assert run_tool(lambda _: raise_(error)) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert sentence in line


@pytest.mark.parametrize('error', [InputError('wrong'), ZeroDivisionError()])
def test_traceback_on_demand(error, monkeypatch):
    monkeypatch.setenv('SDPOSE_TRACEBACK', '1')
    with pytest.raises(InputError) as caught:
        run_tool(lambda _: raise_(error))
    assert caught.value.__cause__ is error


def test_full_disk_is_told_with_the_folder(tmp_path, capsys):
    log = tmp_path / 'run.log'
    MMLogger.get_instance('full', logger_name='full', log_file=str(log))
    assert run_tool(lambda _: raise_(OSError(errno.ENOSPC, 'No space left on device'))) == 1
    MMLogger._instance_dict.clear()
    why = 'a file beside it cannot be written (No space left on device).'
    assert capsys.readouterr().err == f'Error: {log}: {why}\n'
