# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train, test, resume and fail as a user does, through the command line."""

import json
import re
import shutil

import pytest
import torch

from conftest import (
    TOY_CONFIG,
    assert_one_sentence,
    call_tool,
    logged_records,
    train,
)
from sdpose.checkpoints.safe_loading import load_checkpoint_file


def evaluate(checkpoint, toy_coco, *options):
    work_dir = ('--work-dir', checkpoint.parent / 'test')
    common = (*work_dir, '--data-root', toy_coco, *options, '--cfg-options', 'model.neck.depth=1')
    return call_tool('tools/test.py', TOY_CONFIG, checkpoint, *common)


@pytest.fixture(scope='module')
def run(tmp_path_factory, toy_coco):
    """A whole run of three epochs."""
    work_dir = tmp_path_factory.mktemp('run')
    result = train(work_dir, toy_coco)
    assert result.returncode == 0, result.stderr
    return work_dir


def test_training_writes_checkpoints_losses_and_ap(run):
    names = {path.name for path in run.glob('*.pth')}
    assert {'epoch_2.pth', 'epoch_3.pth'} <= names  # and the two before them are deleted
    assert 'epoch_1.pth' not in names
    assert any(name.startswith('best_coco_AP') for name in names)
    assert [record['coco/AP'] for record in logged_records(run) if 'coco/AP' in record]


def test_console_shows_progress_and_no_pages(run, toy_coco, tmp_path):
    result = train(tmp_path, toy_coco, max_epochs=1)
    assert 'Epoch(val)' in result.stdout
    assert 'System environment' not in result.stdout
    (log,) = tmp_path.glob('*/*.log')
    assert 'System environment' in log.read_text()


def test_half_precision_gives_nearly_the_same_ap(run, toy_coco, tmp_path):
    found = {}
    for name, options in dict(single=(), half=('--amp',)).items():
        out = tmp_path / f'{name}.json'
        result = evaluate(run / 'epoch_3.pth', toy_coco, '--out', out, *options)
        assert result.returncode == 0, result.stderr
        found[name] = json.loads(out.read_text())['coco/AP']
    assert abs(found['single'] - found['half']) < 0.01


def test_moving_averages_are_trained_and_tested(toy_coco, tmp_path):
    config = tmp_path / 'averaged.py'
    config.write_text(
        f"_base_ = '{TOY_CONFIG}'\n"
        "custom_hooks = [dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.5)]\n"
    )
    result = train(tmp_path / 'run', toy_coco, '--amp', config=config, max_epochs=1)
    assert result.returncode == 0, result.stderr
    validated = [record for record in logged_records(tmp_path / 'run') if 'coco/AP' in record]
    out, options = tmp_path / 'ap.json', ('--work-dir', tmp_path / 'test', '--data-root', toy_coco)
    weights = tmp_path / 'run/epoch_1.pth'
    result = call_tool(
        'tools/test.py', config, weights, *options, '--out', out,
        '--cfg-options', 'model.neck.depth=1',
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert json.loads(out.read_text())['coco/AP'] == pytest.approx(validated[-1]['coco/AP'])


def test_testing_gives_the_ap_of_the_validation(run, toy_coco, tmp_path):
    out = tmp_path / 'ap.json'
    result = evaluate(run / 'epoch_3.pth', toy_coco, '--out', out, '--dump', tmp_path / 'dump.pkl')
    assert result.returncode == 0, result.stderr
    metrics = json.loads(out.read_text())
    validated = [record for record in logged_records(run) if 'coco/AP' in record][-1]
    assert metrics['coco/AP'] == validated['coco/AP']
    assert metrics['coco/AR'] == validated['coco/AR']
    assert (tmp_path / 'dump.pkl').stat().st_size > 0


def test_killed_run_resumes_to_the_same_weights(run, toy_coco, tmp_path):
    # as if the run had been killed while it wrote its third checkpoint
    shutil.copy(run / 'epoch_2.pth', tmp_path)
    (tmp_path / 'last_checkpoint').touch()
    (tmp_path / '.epoch_3.pth.1.partial').write_bytes(b'half')
    result = train(tmp_path, toy_coco, '--resume')
    assert result.returncode == 0, result.stderr
    assert 'resumed epoch: 2' in result.stdout
    unbroken = load_checkpoint_file(run / 'epoch_3.pth')
    resumed = load_checkpoint_file(tmp_path / 'epoch_3.pth')
    for name, weights in unbroken['state_dict'].items():
        assert torch.equal(weights, resumed['state_dict'][name]), name
    for index, state in unbroken['optimizer']['state'].items():
        assert torch.equal(state['exp_avg'], resumed['optimizer']['state'][index]['exp_avg'])


def test_moving_averages_resume_to_the_same_weights(toy_coco, tmp_path):
    """As docs/training.md has it: what the resume rests on is in another place."""
    config = tmp_path / 'config.py'
    ema = "dict(type='EMAHook', ema_type='ExponentialMovingAverage', momentum=0.1)"
    config.write_text(f"_base_ = '{TOY_CONFIG}'\ncustom_hooks = [{ema}]\n")
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    for work_dir, options in ((unbroken, ()), (broken, ('--resume',))):
        result = train(work_dir, toy_coco, *options, config=config, max_epochs=2)
        assert result.returncode == 0, result.stderr
        broken.mkdir(exist_ok=True)
        shutil.copy(unbroken / 'epoch_1.pth', broken)
    expected, found = (load_checkpoint_file(d / 'epoch_2.pth') for d in (unbroken, broken))
    for part in ('state_dict', 'ema_state_dict'):
        for name, weights in expected[part].items():
            assert torch.equal(weights, found[part][name]), (part, name)
    name = 'neck.patch_embedding.weight'
    average = expected['ema_state_dict'][f'module.{name}']
    assert not torch.equal(expected['state_dict'][name], average)


def test_fine_tuning_tells_what_is_taken_and_what_is_new(run, toy_coco, tmp_path):
    options = ('--cfg-options', f'load_from={run}/epoch_3.pth', 'train_cfg.max_epochs=0')
    common = ('--work-dir', tmp_path, '--data-root', toy_coco)
    result = call_tool('tools/train.py', TOY_CONFIG, *common, *options)
    assert result.returncode == 0, result.stderr
    taken = r'epoch_3\.pth gives \d+ of \d+ weights\. These start anew: neck\.layers\.1\.'
    assert re.search(taken, result.stdout)


def test_another_skeleton_takes_its_tokens_by_name(run, toy_crowdpose, tmp_path):
    data = (
        "type='CrowdPoseDataset', ann_file='annotations/train.json', data_prefix=dict(img='images')"
    )
    (tmp_path / 'config.py').write_text(
        f"_base_ = '{TOY_CONFIG}'\nload_from = '{run}/epoch_3.pth'\n"
        "custom_hooks = [dict(type='EMAHook')]\n"
        'model = dict(neck=dict(num_keypoints=14), head=dict(out_channels=14))\n'
        f'train_dataloader = dict(dataset=dict({data}))\n'
    )
    config = tmp_path / 'config.py'
    result = train(tmp_path, toy_crowdpose, '--no-validate', config=config, max_epochs=1)
    assert result.returncode == 0, result.stderr
    assert '12 of 14 keypoints are taken by name, in neck.keypoint_tokens: left_sh' in result.stdout
    assert (
        '2 of 14 keypoints start from the mean of those that they lie between: top_head; neck.'
        in result.stdout
    )
    both = (load_checkpoint_file(f) for f in (run / 'epoch_3.pth', tmp_path / 'epoch_1.pth'))
    old, new = (each['state_dict']['neck.keypoint_tokens'][0] for each in both)
    assert torch.cosine_similarity(new[:12], old[5:]).min() > 0.9
    assert torch.cosine_similarity(new[13], old[5:7].mean(0), 0) > 0.9


def test_resume_without_a_checkpoint_starts_anew_and_again_does_nothing(toy_coco, tmp_path):
    first = train(tmp_path, toy_coco, '--resume', '--no-validate', max_epochs=1)
    assert 'No checkpoint in' in first.stdout
    before = (tmp_path / 'epoch_1.pth').stat().st_mtime_ns
    second = train(tmp_path, toy_coco, '--resume', '--no-validate', max_epochs=1)
    assert second.returncode == 0, second.stderr
    assert (tmp_path / 'epoch_1.pth').stat().st_mtime_ns == before
    assert 'epoch_1.pth is the end of this training: nothing is left to do' in second.stdout


@pytest.mark.parametrize(
    ('changes', 'words'),
    [
        (dict(optimizer={}), ['epoch_2.pth', 'the state of its training', 'param_groups']),
        (dict(message_hub=[5]), ['epoch_2.pth', 'the state of its training']),
        (dict(param_schedulers=None), ['epoch_2.pth', 'load_from=']),
        (dict(optimizer=None), ['epoch_2.pth', 'load_from=']),
    ],
    ids=str,
)
def test_checkpoint_that_cannot_be_resumed_is_one_sentence(changes, words, run, toy_coco, tmp_path):
    checkpoint = {**load_checkpoint_file(run / 'epoch_2.pth'), **changes}
    kept = {key: value for key, value in checkpoint.items() if value is not None}
    torch.save(kept, tmp_path / 'epoch_2.pth')
    result = train(tmp_path / 'run', toy_coco, '--resume', tmp_path / 'epoch_2.pth')
    assert_one_sentence(result, *words)


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (('--data-root', 'nowhere'), ['no data folder nowhere', 'make_toy_coco.py']),
        (('--resume', 'nowhere.pth'), ['There is no checkpoint nowhere.pth']),
        (('--cfg-options', 'model.neck.num_cycle=2'), ['num_cycle']),
        (('--cfg-options', 'custom_hooks.0.type=EMAHook'), ['--cfg-options custom_hooks.0.type']),
        (('--cfg-options', 'model.neck.patch_size=(5,3)'), ['5x3', '32x24']),
        (('--cfg-options', 'model.neck.num_cycles=0'), ['num_cycles=0']),
        (('--cfg-options', 'model.backbone.type=StemNot'), ['StemNot is not in']),
        (('--cfg-options', 'train_dataloader.dataset.type=CocoDatset'), ['CocoDatset is not in']),
        (('--cfg-options', 'optim_wrapper.optimizer.weight_decy=.1'), ['weight_decy']),
        (('--cfg-options', 'model.neck.num_keypoints=14'), ['the neck gives 14']),
        (('--cfg-options', 'model.neck.num_cycles=1'), ['only one cycle']),
        (('--cfg-options', 'model.head.out_channels=14'), ['17 keypoints', 'not 14']),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(options, words, toy_coco, tmp_path):
    if torch.cuda.is_available() and '--amp' in options:
        pytest.skip('mixed precision works here')
    command = ('tools/train.py', TOY_CONFIG, '--work-dir', tmp_path, '--data-root', toy_coco)
    assert_one_sentence(call_tool(*command, *options), *words)


def test_the_stack_trace_of_new_code_is_in_the_log(toy_coco, tmp_path):
    module = tmp_path / 'new_head.py'
    module.write_text(
        'from mmpose.registry import MODELS\nfrom sdpose.models import TokenHeatmapHead\n'
        '@MODELS.register_module(force=True)\nclass NewHead(TokenHeatmapHead):\n'
        '    def __init__(self, **kwargs):\n        super().__init__(**kwargs)\n        len(5)\n'
    )
    config = tmp_path / 'config.py'
    config.write_text(
        f"_base_ = '{TOY_CONFIG}'\ncustom_imports = dict(imports=['sdpose.plugin', 'new_head'])\n"
        "model = dict(head=dict(type='NewHead'))\n"
    )
    command = ('tools/train.py', config, '--work-dir', tmp_path / 'run', '--data-root', toy_coco)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(tmp_path)
        result = call_tool(*command)
    (log,) = (tmp_path / 'run').glob('*/*.log')
    assert_one_sentence(result, "object of type 'int' has no len()", log.name)
    assert 'len(5)' in log.read_text()
    assert 'new_head.py", line 7' in log.read_text()


def test_broken_image_is_named(toy_coco, tmp_path):
    broken = tmp_path / 'toy'
    shutil.copytree(toy_coco, broken)
    for path in (broken / 'train2017').iterdir():
        path.write_bytes(b'not a picture')
    result = train(tmp_path / 'run', broken, max_epochs=1)
    assert_one_sentence(result, 'train2017', 'missing or broken')


def test_checkpoint_of_another_model_is_refused(run, toy_coco):
    command = ('tools/test.py', TOY_CONFIG, run / 'epoch_3.pth', '--data-root', toy_coco)
    work_dir = ('--work-dir', run / 'test')
    assert_one_sentence(call_tool(*command, *work_dir), 'another model', 'neck.layers.1')


@pytest.mark.parametrize('tool', ['train', 'test', 'convert_checkpoint'])
def test_help_has_examples(tool):
    result = call_tool(f'tools/{tool}.py', '--help')
    assert result.returncode == 0
    assert 'examples:' in result.stdout
    assert f'python tools/{tool}.py' in result.stdout


def test_other_default_hooks_do_not_lose_the_check_of_numbers(toy_coco, tmp_path):
    config = tmp_path / 'config.py'
    hooks = "_delete_=True, checkpoint=dict(type='CheckpointHook', interval=1)"
    config.write_text(f"_base_ = '{TOY_CONFIG}'\ndefault_hooks = dict({hooks})\n")
    words = ('--work-dir', tmp_path / 'run', '--data-root', toy_coco)
    options = ('optim_wrapper.optimizer.lr=1e30', 'train_dataloader.batch_size=4')
    result = call_tool('tools/train.py', config, *words, '--cfg-options', *options)
    assert_one_sentence(result, 'The loss is not finite', 'annotations')
    assert not list((tmp_path / 'run').glob('*.pth'))
