# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Interrupted where MMEngine's own hook would lose work; see also tests/kill_and_resume.py."""

import shutil

import pytest
import torch
from mmengine.runner import Runner

from conftest import TOY_CONFIG, assert_one_sentence, call_tool, logged_records, train
from sdpose.checkpoints.safe_loading import load_checkpoint_file

CONFIG = """
_base_ = '{base}'
default_hooks = dict(checkpoint=dict({checkpoint}), logger=dict(interval=1))
val_evaluator = [dict(type='CocoMetric'), dict(type='EPE')]
"""


@pytest.fixture
def make_config(tmp_path):
    def make(checkpoint="save_best='EPE', rule='less'"):
        path = tmp_path / 'config.py'
        path.write_text(CONFIG.format(base=TOY_CONFIG, checkpoint=checkpoint))
        return path

    return make


def equal_weights(path, other):
    states = [load_checkpoint_file(each)['state_dict'] for each in (path, other)]
    return all(torch.equal(states[0][name], states[1][name]) for name in states[0])


def test_old_checkpoint_goes_after_the_new_one_is_there(
    make_config, toy_coco, tmp_path, monkeypatch
):
    save = Runner.save_checkpoint

    def fail(runner, out_dir, filename, *args, **kwargs):
        if filename == 'epoch_2.pth':
            raise OSError(28, 'No space left on device', filename)
        save(runner, out_dir, filename, *args, **kwargs)

    config = make_config('max_keep_ckpts=1')
    with monkeypatch.context() as patch:
        patch.setattr(Runner, 'save_checkpoint', fail)
        result = train(tmp_path / 'run', toy_coco, '--no-validate', config=config, max_epochs=2)
    assert_one_sentence(result, 'epoch_2.pth', 'No space left')
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['epoch_1.pth']
    options = ('--no-validate', '--resume')
    train(tmp_path / 'run', toy_coco, *options, config=config, max_epochs=2)
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['epoch_2.pth']


@pytest.mark.parametrize('max_epochs', [1, 2])  # the first validation is the last, or not
def test_validation_that_was_cut_off_is_made_up_for(
    max_epochs, make_config, toy_coco, tmp_path, monkeypatch
):
    config = make_config()
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    train(unbroken, toy_coco, config=config, max_epochs=max_epochs)
    with monkeypatch.context() as patch:
        patch.setattr('mmengine.runner.ValLoop.run', interrupt)
        assert train(broken, toy_coco, config=config, max_epochs=max_epochs).returncode == 130
    assert [path.name for path in broken.glob('*.pth')] == ['epoch_1.pth']
    assert train(broken, toy_coco, '--resume', config=config, max_epochs=max_epochs).returncode == 0
    starts = [path.parent.parent.name for path in sorted(broken.glob('2*/vis_data/scalars.json'))]
    records = [record for start in starts for record in logged_records(broken, start)]
    errors = [record['EPE'] for record in records if 'EPE' in record]
    assert errors == [r['EPE'] for r in logged_records(unbroken) if 'EPE' in r]
    (best,) = unbroken.glob('best_EPE_*.pth')
    last = f'epoch_{max_epochs}.pth'
    for name in (last, best.name):
        assert equal_weights(unbroken / name, broken / name)
    told = [load_checkpoint_file(run / last)['message_hub'] for run in (unbroken, broken)]
    for key in ('epoch', 'iter', 'last_validation'):
        assert told[0]['runtime_info'][key] == told[1]['runtime_info'][key], key
    again = train(broken, toy_coco, '--resume', config=config, max_epochs=max_epochs)
    assert 'has not been validated' not in again.stdout


def interrupt(loop):
    raise KeyboardInterrupt


def test_checkpoint_by_iteration_goes_on_at_the_right_sample(make_config, toy_coco, tmp_path):
    config = make_config('by_epoch=False, interval=3, max_keep_ckpts=-1, save_best=None')
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    assert train(unbroken, toy_coco, config=config, max_epochs=2).returncode == 0
    names = sorted(path.name for path in unbroken.glob('iter_*.pth'))
    assert len(names) >= 2, names
    broken.mkdir()
    shutil.copy(unbroken / 'iter_3.pth', broken)
    resumed = train(broken, toy_coco, '--resume', config=config, max_epochs=2)
    assert 'iter: 3' in resumed.stdout
    for name in names[1:]:
        assert equal_weights(unbroken / name, broken / name), name
    losses = [
        {(r['epoch'], r['iter']): r['loss'] for r in logged_records(run) if 'loss' in r}
        for run in (unbroken, broken)
    ]
    assert losses[1] == {key: loss for key, loss in losses[0].items() if key[1] > 3}


def test_gradients_that_are_accumulated_over_epochs_are_resumed(make_config, toy_coco, tmp_path):
    config = make_config('save_best=None')
    config.write_text(config.read_text() + '\noptim_wrapper = dict(accumulative_counts=5)\n')
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    assert train(unbroken, toy_coco, '--no-validate', config=config, max_epochs=3).returncode == 0
    assert load_checkpoint_file(unbroken / 'epoch_2.pth')['gradients']
    assert 'gradients' not in load_checkpoint_file(unbroken / 'epoch_3.pth')
    broken.mkdir()
    shutil.copy(unbroken / 'epoch_2.pth', broken)
    result = train(broken, toy_coco, '--no-validate', '--resume', config=config, max_epochs=3)
    assert result.returncode == 0, result.stderr
    assert 'is not divisible' not in result.stdout + result.stderr
    assert equal_weights(unbroken / 'epoch_3.pth', broken / 'epoch_3.pth')


def test_unknown_best_metric_is_told(make_config, toy_coco, tmp_path):
    config = make_config("save_best='XY', rule='greater'")
    result = train(tmp_path / 'run', toy_coco, config=config, max_epochs=2)
    assert_one_sentence(result, 'save_best=XY', 'coco/AP', 'EPE')
    assert (tmp_path / 'run/epoch_1.pth').exists()


def test_checkpoint_of_one_name_stays(toy_coco, tmp_path, make_config):
    config = make_config("filename_tmpl='latest.pth', max_keep_ckpts=1, save_best=None")
    train(tmp_path / 'run', toy_coco, '--no-validate', config=config, max_epochs=2)
    assert [path.name for path in (tmp_path / 'run').glob('*.pth')] == ['latest.pth']


@pytest.mark.parametrize('batch_size', [2, 8])
def test_another_batch_size_goes_on_with_whole_epochs(batch_size, toy_coco, tmp_path, make_config):
    config = make_config('save_best=None')
    train(tmp_path / 'run', toy_coco, '--no-validate', config=config, max_epochs=1)
    count = max(record['iter'] for record in logged_records(tmp_path / 'run'))
    words = (config, '--work-dir', tmp_path / 'run', '--data-root', toy_coco, '--no-validate')
    options = (f'train_dataloader.batch_size={batch_size}', 'train_dataloader.num_workers=0')
    common = ('--resume', '--cfg-options', 'model.neck.depth=1', 'train_cfg.max_epochs=2')
    result = call_tool('tools/train.py', *words, *common, *options)
    assert result.returncode == 0, result.stderr
    paths = sorted((tmp_path / 'run').glob('2*/vis_data/scalars.json'))
    records = [r for p in paths for r in logged_records(tmp_path / 'run', p.parent.parent.name)]
    steps = sorted({record['iter'] for record in records if record['epoch'] == 2})
    assert len(steps) == pytest.approx(count * 4 / batch_size, abs=1)
