# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train a student with its teacher, resume, test and fail as a user does."""

import importlib.util
import json
import shutil

import pytest
import torch

from conftest import (
    CONFIGS,
    assert_one_sentence,
    build_model,
    call_tool,
    load_config,
    logged_records,
    run_tool,
    train,
)
from sdpose.checkpoints.safe_loading import load_checkpoint_file

(DISTILPOSE,) = CONFIGS.rglob('td-reg_distilpose-toy_*.py')
(STUDENT,) = CONFIGS.rglob('td-reg_distilpose-toy-student_*.py')


@pytest.fixture(scope='module')
def config(tmp_path_factory):
    """The toy DistilPose, with a teacher that has weights."""
    folder = tmp_path_factory.mktemp('distillation')
    teacher = folder / 'teacher.pth'
    torch.save(dict(state_dict=build_model(load_config('tokenpose-toy')).state_dict()), teacher)
    path = folder / 'config.py'
    path.write_text(
        f"_base_ = '{DISTILPOSE}'\nmodel = dict(teacher=dict(checkpoint='{teacher}'))\n"
        'default_hooks = dict(logger=dict(interval=1))\n'
    )
    return path


@pytest.fixture(scope='module')
def run(config, tmp_path_factory, toy_coco):
    """A whole run of three epochs."""
    work_dir = tmp_path_factory.mktemp('run')
    result = train(work_dir, toy_coco, config=config)
    assert result.returncode == 0, result.stderr
    return work_dir


def losses_of_epoch(work_dir, epoch):
    names = ('loss_kpt', 'loss_kpt_token', 'loss_vis_token', 'loss_heatmap', 'loss_confidence')
    records = [r for r in logged_records(work_dir) if 'loss' in r and r['epoch'] == epoch]
    assert records
    return [[record[name] for name in names] for record in records]


def test_checkpoint_holds_the_student_alone(run):
    names = set(load_checkpoint_file(run / 'epoch_3.pth')['state_dict'])
    student = load_config('distilpose-toy-student')
    student.model.neck.depth = 1
    assert names == set(build_model(student).state_dict())


def test_killed_distillation_resumes_to_the_same_losses_and_weights(
    run, config, toy_coco, tmp_path
):
    shutil.copy(run / 'epoch_2.pth', tmp_path)
    result = train(tmp_path, toy_coco, '--resume', config=config)
    assert result.returncode == 0, result.stderr
    assert losses_of_epoch(tmp_path, 3) == losses_of_epoch(run, 3)
    unbroken = load_checkpoint_file(run / 'epoch_3.pth')['state_dict']
    resumed = load_checkpoint_file(tmp_path / 'epoch_3.pth')['state_dict']
    assert all(torch.equal(value, resumed[name]) for name, value in unbroken.items())


@pytest.mark.slow
def test_mmposes_own_train_script_needs_the_config_alone(config, toy_coco, tmp_path):
    """The config registers our modules and loads the teacher, whoever starts the run."""
    script = importlib.util.find_spec('mmpose').submodule_search_locations[0]
    dataset = [f'{phase}_dataloader.dataset.data_root={toy_coco}' for phase in ('train', 'val')]
    result = run_tool(
        f'{script}/.mim/tools/train.py', config, '--work-dir', tmp_path, '--cfg-options',
        *dataset, 'train_cfg.max_epochs=1', 'train_dataloader.batch_size=4',
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert losses_of_epoch(tmp_path, 1)  # with those of the teacher
    names = set(load_checkpoint_file(tmp_path / 'epoch_1.pth')['state_dict'])
    assert names == set(build_model(load_config('distilpose-toy-student')).state_dict())


def test_student_tests_the_same_with_both_configs(run, toy_coco, tmp_path):
    metrics = []
    for name, path in dict(distilpose=DISTILPOSE, student=STUDENT).items():
        out = tmp_path / f'{name}.json'
        # DISTILPOSE names a teacher that does not exist: testing does not need it
        result = call_tool(
            'tools/test.py',
            path,
            run / 'epoch_3.pth',
            '--work-dir',
            tmp_path / name,
            '--data-root',
            toy_coco,
            '--out',
            out,
            '--dump',
            tmp_path / f'{name}.pkl',
            '--cfg-options',
            'model.neck.depth=1',
            f'test_evaluator.outfile_prefix={tmp_path / name}',
        )
        assert result.returncode == 0, result.stderr
        metrics.append(json.loads(out.read_text()))
    assert metrics[0] == metrics[1]
    predictions = [
        json.loads((tmp_path / f'{name}.keypoints.json').read_text())
        for name in ('distilpose', 'student')
    ]
    assert predictions[0] == predictions[1]
    assert len({round(value, 4) for value in predictions[0][0]['keypoints']}) > 10


@pytest.mark.parametrize(
    ('options', 'words'),
    [
        (
            ('model.teacher.checkpoint=nowhere.pth',),
            ['no teacher checkpoint nowhere.pth', 'tools/train.py', 'allow_random_teacher'],
        ),
        (('model.teacher.config=configs/nowhere.py',), ['no config configs/nowhere.py']),
        (('model.teacher.checkpont=x.pth',), ['a config and a checkpoint, but no checkpont']),
        (('model.head.num_joints=14', 'model.neck.num_keypoints=14'), ['17 keypoints', '14']),
        (
            ('model.allow_random_teacher=True', 'model.teacher.config=CROWDPOSE'),
            ['17 keypoint tokens', '14'],
        ),
    ],
    ids=str,
)
def test_bad_input_is_one_sentence(options, words, toy_coco, tmp_path):
    teacher = tmp_path / 'teacher.py'
    (base,) = CONFIGS.rglob('td-hm_tokenpose-toy_*.py')
    model = 'dict(neck=dict(num_keypoints=14), head=dict(out_channels=14))'
    teacher.write_text(f"_base_ = '{base}'\nmodel = {model}\n")
    options = [option.replace('CROWDPOSE', str(teacher)) for option in options]
    command = ('tools/train.py', DISTILPOSE, '--work-dir', tmp_path, '--data-root', toy_coco)
    no_weights = ('--cfg-options', 'model.teacher.checkpoint=None')
    assert_one_sentence(call_tool(*command, *no_weights, *options), *words)
