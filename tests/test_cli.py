# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import argparse
import errno

import pytest
from mmengine.config import Config

from conftest import TOY_CONFIG
from sdpose import InputError
from sdpose.cli import (
    check_options,
    load_config,
    load_run_config,
    make_parser,
    parse_args_with_boxes,
    run_tool,
)


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


def test_data_root_replaces_every_path():
    cfg = load_run_config(make_args(data_root='/elsewhere', config=str(TOY_CONFIG)))
    old = Config.fromfile(TOY_CONFIG).data_root
    assert cfg.train_dataloader.dataset.data_root == '/elsewhere/'
    assert cfg.test_dataloader.dataset.data_root == '/elsewhere/'
    assert old not in str(cfg.to_dict())


@pytest.mark.parametrize(
    'option',
    [
        'train_cfg.max_epochs',
        'model.neck.test_cycles',  # a default of the class
        'model.test_cfg.output_heatmaps',
        'test_dataloader.dataset.bbox_file',
        'param_scheduler.0.end',
        'load_from',
        'optim_wrapper.clip_grad.max_norm',
        'model.head.loss.use_target_weight',
        'experiment_name',
    ],
)
def test_settings_are_accepted(option):
    assert check_options(Config.fromfile(TOY_CONFIG), {option: 1}) is None


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('trian_cfg.max_epochs', "no setting 'trian_cfg'. Did you mean train_cfg?"),
        ('model.nekc.num_cycles', "model has no setting 'nekc'. Did you mean neck?"),
        ('model.test_cfg.flip_tests', "no setting 'flip_tests'. Did you mean flip_test?"),
    ],
)
def test_mistyped_settings_are_refused(option, message):
    with pytest.raises(InputError, match=message):
        check_options(Config.fromfile(TOY_CONFIG), {option: 1})


def test_config_that_does_not_exist_or_is_broken(tmp_path, monkeypatch):
    monkeypatch.chdir(TOY_CONFIG.parents[2])
    near_miss = str(TOY_CONFIG.name).replace('toy-coco', 'toy_coco')
    with pytest.raises(InputError, match=f'There is no config.*Did you mean {TOY_CONFIG.name}'):
        load_config(near_miss)
    broken = tmp_path / 'broken.py'
    broken.write_text('model = dict(')
    with pytest.raises(InputError, match=r'broken\.py cannot be read: SyntaxError'):
        load_config(str(broken))


def raise_(error):
    raise error


@pytest.mark.parametrize(
    ('error', 'status', 'line'),
    [
        (InputError('the path is wrong'), 1, 'Error: the path is wrong\n'),
        (KeyError('occurs when loading `a/b.jpg`.Please'), 1, 'a/b.jpg is missing or broken'),
        (OSError('`x` occurs when loading `a/c.jpg`'), 1, 'a/c.jpg is missing or broken'),
        (
            PermissionError(errno.EACCES, 'Permission denied', 'out.json'),
            1,
            'Error: Cannot write out.json: Permission denied.\n',
        ),
        (KeyboardInterrupt(), 130, 'Interrupted'),
    ],
)
def test_user_errors_are_one_line(error, status, line, capsys):
    with pytest.raises(SystemExit) as exit_:
        run_tool(lambda: raise_(error))
    assert exit_.value.code == status
    assert line in capsys.readouterr().err


def test_boxes_may_begin_with_a_minus():
    parser = make_parser('A tool.', '')
    parser.add_argument('--bboxes', nargs='+')
    parser.add_argument('-v', action='store_true')
    args = parse_args_with_boxes(parser, ['-v', '--bboxes', '-5,10,100,200', '-.5,1,2,3'])
    assert [float(box.split(',')[0]) for box in args.bboxes] == [-5, -0.5]


def test_bugs_keep_their_stack_trace():
    with pytest.raises(FileNotFoundError):
        run_tool(lambda: raise_(FileNotFoundError(errno.ENOENT, 'No such file', 'a')))
    with pytest.raises(ZeroDivisionError):
        run_tool(lambda: raise_(ZeroDivisionError()))


def test_traceback_on_demand(monkeypatch):
    monkeypatch.setenv('SDPOSE_TRACEBACK', '1')
    with pytest.raises(InputError):
        run_tool(lambda: raise_(InputError('wrong')))
