# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Two CPU processes through the shell scripts do what one process does."""

import json

import pytest
import torch
from mmengine.config import Config

from conftest import CONFIGS, TOY_CONFIG, build_model, call_tool, run_tool
from sdpose.checkpoints.safe_loading import load_checkpoint_file

(DISTILPOSE,) = CONFIGS.rglob('td-reg_distilpose-toy_*.py')

# Without random augmentation, with plain SGD and batch norms on their running statistics, one
# step of two processes must equal one step of one process on the doubled batch.
CONFIG = """
_base_ = '{base}'
model = dict({teacher}backbone=dict(norm_eval=True))
load_from = '{before}'
optim_wrapper = dict(optimizer=dict(_delete_=True, type='SGD', lr=1.0))
param_scheduler = []
train_dataloader = dict(
    num_workers=0,
    sampler=dict(shuffle=False),
    dataset=dict(indices=8, pipeline=[
        dict(type='LoadImage'),
        dict(type='GetBBoxCenterScale'),
        dict(type='TopdownAffine', input_size=_base_.codec.input_size),
        _base_.train_pipeline[-2],
        dict(type='PackPoseInputs')]))
val_dataloader = dict(num_workers=0)
test_dataloader = dict(num_workers=0)
"""


@pytest.fixture(params=[TOY_CONFIG, DISTILPOSE], ids=['sdpose', 'distilpose'])
def base(request):
    return request.param


@pytest.fixture
def before(tmp_path, base):
    """Weights to start from, large enough for every gradient to be far above rounding."""
    model = build_model(Config.fromfile(base))
    model.backbone.init_cfg = [dict(type='Kaiming', layer='Conv2d')]
    model.init_weights()
    torch.save(dict(state_dict=model.state_dict()), tmp_path / 'before.pth')
    return tmp_path / 'before.pth'


@pytest.fixture
def config(tmp_path, base, before):
    path = tmp_path / 'config.py'
    teacher = 'allow_random_teacher=True, ' if base == DISTILPOSE else ''
    path.write_text(CONFIG.format(base=base, before=before, teacher=teacher))
    return path


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares processes on CPUs')
@pytest.mark.slow
def test_two_processes_equal_one_on_the_doubled_batch(config, before, toy_coco, tmp_path):
    common = ('--data-root', toy_coco, '--cfg-options', 'train_cfg.max_epochs=1')
    one = call_tool(
        'tools/train.py', config, '--work-dir', tmp_path / 'one',
        *common, 'train_dataloader.batch_size=4',
    )  # fmt: skip
    assert one.returncode == 0, one.stderr
    two = run_tool(
        'tools/dist_train.sh', config, 2, '--work-dir', tmp_path / 'two',
        *common, 'train_dataloader.batch_size=2', PORT='29611',
    )  # fmt: skip
    assert two.returncode == 0, two.stderr  # DDP would also stop at an unused parameter
    states = [load_checkpoint_file(tmp_path / name / 'epoch_1.pth') for name in ('one', 'two')]
    assert [state['meta']['iter'] for state in states] == [2, 2]
    start = load_checkpoint_file(before)['state_dict']
    for name, weights in start.items():
        update, expected = (state['state_dict'][name] - weights for state in (states[1], states[0]))
        largest = expected.abs().max()
        if 'running' not in name and 'num_batches' not in name:
            assert largest > 0, f'{name} did not move'
        assert (update - expected).abs().max() <= 0.01 * largest, name


@pytest.mark.skipif(torch.cuda.is_available(), reason='compares processes on CPUs')
@pytest.mark.slow
def test_two_processes_measure_the_ap_of_one(toy_checkpoint, toy_coco, tmp_path):
    common = (TOY_CONFIG, toy_checkpoint)
    for name, run, words in (
        ('one', call_tool, ('tools/test.py', *common)),
        ('two', run_tool, ('tools/dist_test.sh', *common, 2)),
    ):
        options = ('--data-root', toy_coco, '--work-dir', tmp_path / name)
        result = run(*words, *options, '--out', tmp_path / f'{name}.json')
        assert result.returncode == 0, result.stderr
    one, two = (json.loads((tmp_path / f'{name}.json').read_text()) for name in ('one', 'two'))
    assert one == two


@pytest.mark.parametrize('script', ['dist_train', 'dist_test', 'slurm_train', 'slurm_test'])
def test_scripts_without_arguments_print_their_usage(script):
    result = run_tool(f'tools/{script}.sh')
    assert result.returncode == 2
    assert result.stderr.startswith('usage:')


@pytest.mark.parametrize('script', ['slurm_train', 'slurm_test'])
def test_slurm_scripts_pass_their_arguments_on(script, tmp_path):
    srun = tmp_path / 'srun'
    srun.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    srun.chmod(0o755)
    result = run_tool(
        f'tools/{script}.sh',
        'gpu',
        'my job',
        'config.py',
        'fourth',
        '--amp',
        PATH=f'{tmp_path}:/usr/bin:/bin',
        GPUS='16',
        SRUN_ARGS='--exclusive --mem=0',
    )
    words = result.stdout.splitlines()
    assert {'--job-name=my job', '--ntasks=16', '--exclusive', '--mem=0', '--amp'} <= set(words)
    start = words.index('-u')
    tool = script.removeprefix('slurm_')
    work_dir = ['--work-dir'] if tool == 'train' else []
    expected = [f'tools/{tool}.py', 'config.py', *work_dir, 'fourth', '--amp']
    assert words[start + 1 :] == [*expected, '--launcher', 'slurm']
