# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A wrong setting ends a run with one sentence before it begins, whatever is wrong with it."""

import pytest

from conftest import TOY_CONFIG, assert_one_sentence, call_tool, run_tool


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('model.neck.depth=-2', '--cfg-options model.neck.depth=-2, but it must be a whole number'),
        ('train_cfg.max_epochs=-3', 'train_cfg.max_epochs=-3, but it must be a whole number'),
        ('train_cfg.val_interval=0', 'train_cfg.val_interval=0'),
        ('train_dataloader.batch_size=None', 'train_dataloader.batch_size=None'),
        ('model.neck.num_cycles=1.5', 'model.neck.num_cycles=1.5'),
        ('model.neck.patch_size=[0,0]', 'model.neck.patch_size.0=0'),
        ('model.data_preprocessor.std=[0,0,0]', 'model.data_preprocessor.std.0=0'),
        ('model.head.decoder.sigma=0', 'model.head.decoder.sigma=0'),
        ('model=None', 'model=None, but it must be a dict'),
        ('model.neck=None', 'set model.neck to a MultiCycledTransformer'),
        ("model.neck={'depth':0,'dim':8}", 'model.neck.depth=0'),
        ('train_dataloader.dataset.pipeline.99.type=X', 'Index 99 exceeds the length of list'),
        ('model.data_preprocessor=None', 'must be a dict'),
        ('train_dataloader.dataset.pipeline=[]', 'pipeline is empty'),
        ('custom_imports.imports=[x]', 'is read with the file'),
        ('optim_wrapper=None', 'optim_wrapper'),
        ('lr=0.1', "the config has no setting 'lr'"),
        ('=5', 'there is a name missing'),
    ],
)
def test_settings(option, message, toy_coco, tmp_path):
    result = call_tool(
        'tools/train.py', TOY_CONFIG, '--work-dir', tmp_path, '--data-root', toy_coco,
        '--cfg-options', 'train_dataloader.batch_size=4', option,
    )  # fmt: skip
    assert_one_sentence(result, message)
    assert not list(tmp_path.rglob('*.pth'))


@pytest.mark.parametrize('word', ['a', 'a=[1,2', "a={'b':1,"])
@pytest.mark.parametrize('tool', ['train', 'test', 'infer', 'export_onnx', 'browse_dataset'])
def test_what_is_no_setting_is_a_wrong_command_line(tool, word):
    result = call_tool(f'tools/{tool}.py', TOY_CONFIG, 'a.pth', '--cfg-options', word)
    assert result.returncode == 2
    usage, *_, line = result.stderr.splitlines()
    assert usage.startswith('usage:')
    assert 'error: argument --cfg-options' in line


@pytest.mark.parametrize('name', ['GPUS', 'GPUS_PER_NODE', 'CPUS_PER_TASK'])
@pytest.mark.parametrize('value', ['x', '0', '-1', '1.5', '100000', '8 --wrap=x'])
def test_numbers_of_the_slurm_scripts(name, value, tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nexit 9\n')
    srun.chmod(0o755)
    command = ('tools/slurm_train.sh', 'gpu', 'job', 'config.py', 'work')
    result = run_tool(*command, PATH=f'{tmp_path}:/usr/bin:/bin', **{name: value})
    assert result.returncode == 2
    assert result.stderr == f'Error: {name}={value} is no number from 1 to 9999.\n'
