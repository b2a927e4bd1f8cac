# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Stopped early, and resumed before and after it."""

import shutil

from conftest import assert_one_sentence, train

HOOK = "{{'type': 'EarlyStoppingHook', 'monitor': '{}', 'patience': {}, 'min_delta': 2}}"


def run(work_dir, toy_coco, patience, *options, monitor='coco/AP'):
    """Train; no validation can gain 2."""
    options = (*options, '--cfg-options', f'custom_hooks=[{HOOK.format(monitor, patience)}]')
    return train(work_dir, toy_coco, *options, max_epochs=5)


def last_epoch(work_dir):
    return max(path.stem for path in work_dir.glob('epoch_*.pth'))


def test_a_resumed_run_stops_where_an_unbroken_one_does_and_stays_so(toy_coco, tmp_path):
    unbroken, broken = tmp_path / 'unbroken', tmp_path / 'broken'
    assert run(unbroken, toy_coco, 2).returncode == 0
    assert last_epoch(unbroken) == 'epoch_3'
    broken.mkdir()
    shutil.copy(unbroken / 'epoch_2.pth', broken)
    assert run(broken, toy_coco, 2, '--resume').returncode == 0
    assert last_epoch(broken) == 'epoch_3'
    again = run(broken, toy_coco, 2, '--resume')
    assert again.returncode == 0, again.stderr
    assert 'Stopped early: coco/AP' in again.stdout
    assert last_epoch(broken) == 'epoch_3'


def test_a_goal_that_was_reached_stays_so(toy_coco, tmp_path):
    for words in ((), ('--resume',)):
        result = run(tmp_path, toy_coco, "9, 'stopping_threshold': -1", *words)
        assert result.returncode == 0, result.stderr
        assert last_epoch(tmp_path) == 'epoch_1'


def test_a_metric_that_is_not_there(toy_coco, tmp_path):
    result = run(tmp_path, toy_coco, 1, monitor='coco/mAP')
    assert_one_sentence(result, 'EarlyStoppingHook.monitor=coco/mAP', 'coco/AP')
