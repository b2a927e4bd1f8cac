# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from copy import deepcopy
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sdpose.engine import NumberCheckHook
from sdpose.engine.number_check_hook import CHANCES
from sdpose.errors import InputError

BATCH = dict(data_samples=[SimpleNamespace(metainfo=dict(id=number)) for number in (41, 42)])


def make_runner(**optim_wrapper):
    return SimpleNamespace(iter=6, epoch=1, optim_wrapper=SimpleNamespace(**optim_wrapper))


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_loss_that_is_not_finite_stops_at_once_and_names_the_samples(value):
    hook, runner = NumberCheckHook(), make_runner()
    hook.after_train_iter(runner, 0, BATCH, dict(loss=torch.tensor(1.0), acc=float('nan')))
    outputs = dict(loss=torch.tensor(value, requires_grad=True), loss_kpt=0.5)
    message = rf'iteration 7 \(epoch 2\): loss={value}, loss_kpt=0\.5; annotations 41, 42\.'
    with pytest.raises(InputError, match=message):
        hook.after_train_iter(runner, 0, BATCH, outputs)


def test_mixed_precision_has_its_chances_in_a_row():
    hook, runner = NumberCheckHook(), make_runner(loss_scaler=object())
    for outputs in CHANCES * [dict(loss=float('inf'))] + [dict(loss=1.0)]:
        hook.after_train_iter(runner, 0, None, outputs)
    for _ in range(CHANCES):
        hook.after_train_iter(runner, 0, None, dict(loss=float('nan')))
    with pytest.raises(InputError, match=r'loss=nan\. Nothing of it was saved'):
        hook.after_train_iter(runner, 0, None, dict(loss=float('nan')))


@pytest.mark.parametrize(
    'checkpoint',
    [
        dict(state_dict=dict(weight=torch.tensor([1, float('nan')]))),
        dict(state_dict={}, ema_state_dict=dict(weight=torch.tensor(float('inf')))),
        dict(state_dict={}, optimizer=dict(state={0: dict(exp_avg=torch.tensor(float('nan')))})),
    ],
)
def test_weights_that_are_not_finite_are_not_saved(checkpoint):
    message = r'after iteration 7 \(epoch 2\): .* is not finite .* Nothing of it was saved'
    with pytest.raises(InputError, match=message):
        NumberCheckHook().before_save_checkpoint(make_runner(), checkpoint)


def test_finite_checkpoints_are_saved():
    state = dict(weight=torch.ones(2), steps=torch.tensor(5), flag=torch.tensor(True))
    optimizer = dict(state={0: dict(step=5)}, param_groups=[dict(lr=1.0)])
    checkpoint = dict(state_dict=state, optimizer=optimizer)
    before = deepcopy(checkpoint)
    NumberCheckHook().before_save_checkpoint(make_runner(), checkpoint)
    torch.testing.assert_close(checkpoint, before, rtol=0, atol=0)  # nothing of it was changed


def test_ap_of_nothing_is_an_error():
    hook, runner = NumberCheckHook(), make_runner()
    for check in (hook.after_val_epoch, hook.after_test_epoch):
        check(runner, {'coco/AP': 0.0, 'coco/AP (M)': -1.0})  # nobody of medium size
        check(runner)
        for metrics in ({'coco/AP': -1.0}, {'crowdpose/AP': -1}, {'AP': np.float32('nan')}):
            with pytest.raises(InputError, match='there was no person whose keypoints'):
                check(runner, metrics)


@pytest.mark.parametrize(
    'metrics', [{'NME': float('nan')}, {'coco/AP': None}, {'pose/AP': [1]}, {'note': 'a text'}]
)
def test_metrics_of_others_may_be_anything(metrics):
    before = deepcopy(metrics)
    hook, runner = NumberCheckHook(), make_runner()
    for stage in ('after_val_epoch', 'after_test_epoch'):
        assert stage in hook.get_triggered_stages()
        getattr(hook, stage)(runner, metrics)
    assert str(metrics) == str(before)


@pytest.mark.parametrize(
    ('stage', 'owner'), [('after_val_iter', 'this training'), ('after_test_iter', r'a\.pth')]
)
def test_predictions_that_are_not_finite_are_an_error(stage, owner):
    hook, runner = NumberCheckHook(), make_runner()
    runner._load_from = 'a.pth'
    assert stage in hook.get_triggered_stages()
    check = getattr(hook, stage)
    message = f'predicts keypoints that are not numbers: the weights of {owner} are broken'
    for make in (np.asarray, torch.as_tensor):  # a tensor may be on a GPU
        check(runner, 0, None, [torch.zeros(3)])  # of a classifier
        for name in ('keypoints', 'keypoint_scores'):
            good = dict(keypoints=make(np.zeros((1, 3, 2))), keypoint_scores=make(np.ones((1, 3))))
            check(runner, 0, None, [SimpleNamespace(pred_instances=good)])
            broken = good | {name: make(np.full((1, 3), np.nan))}
            with pytest.raises(InputError, match=message):
                check(runner, 0, None, [SimpleNamespace(pred_instances=broken)])
