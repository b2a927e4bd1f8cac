# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""PPT's schedule: 1 for a while, then along a cosine to the ratio of the config."""

from types import SimpleNamespace

import pytest
from mmengine.config import Config

from conftest import TOY_CONFIG, assert_one_sentence, train
from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.engine import KeepRatioHook
from sdpose.errors import InputError

PRUNED = f"""
_base_ = '{TOY_CONFIG}'
model = dict(neck=dict(pruning=dict(keep_ratio=0.5, layers=(0,))))
custom_hooks = [dict(type='KeepRatioHook', begin=1, end=3)]
"""


@pytest.mark.parametrize(
    ('epoch', 'ratio'),
    [
        (0, 1),
        (9.75, 1),
        (10, 1),
        (35, 0.956066),
        (60, 0.85),
        (85, 0.743934),
        (110, 0.7),
        (299, 0.7),
    ],
)
def test_ratio(epoch, ratio):
    neck = SimpleNamespace(keep_ratio=0.7, pruning_layers=[3, 6, 9])
    runner = SimpleNamespace(
        iter=round(epoch * 4), train_dataloader=range(4), model=SimpleNamespace(neck=neck)
    )
    hook = KeepRatioHook()
    hook.before_train(runner)
    hook.before_train_iter(runner, 0)
    assert neck.train_keep_ratio == pytest.approx(ratio, abs=1e-6)


@pytest.mark.parametrize(('begin', 'end'), [(10, 10), (-1, 5), (20, 10)])
def test_times_that_cannot_work(begin, end):
    with pytest.raises(InputError, match=f'end={end} must be after begin={begin}'):
        KeepRatioHook(begin, end)


def test_a_resumed_training_goes_on_with_the_ratio_of_its_iteration(toy_coco, tmp_path):
    config = tmp_path / 'pruned.py'
    config.write_text(PRUNED)
    ratios = {}
    original = KeepRatioHook.before_train_iter

    def recorded(self, runner, *args, **kwargs):
        original(self, runner, *args, **kwargs)
        ratios.setdefault(runner.iter, []).append(runner.model.neck.train_keep_ratio)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(KeepRatioHook, 'before_train_iter', recorded)
        whole, broken = tmp_path / 'whole', tmp_path / 'broken'
        results = [train(whole, toy_coco, config=config)]
        results.append(train(broken, toy_coco, config=config, max_epochs=2))
        results.append(train(broken, toy_coco, '--resume', config=config))
    assert [result.returncode for result in results] == [0, 0, 0], results[0].stderr
    assert all(len(set(of)) == 1 and len(of) == 2 for of in ratios.values())
    falling = [of[0] for _, of in sorted(ratios.items())]
    assert falling == sorted(falling, reverse=True)
    assert falling[0] == 1 > falling[-1] > 0.5
    first, second = (load_checkpoint_file(d / 'epoch_3.pth')['state_dict'] for d in (whole, broken))
    assert all((first[name] == second[name]).all() for name in first)


def test_a_model_that_does_not_prune(toy_coco, tmp_path):
    config = tmp_path / 'unpruned.py'
    config.write_text(PRUNED.replace('pruning=dict(keep_ratio=0.5, layers=(0,))', 'depth=1'))
    assert 'pruning' not in Config.fromfile(config).model.neck
    result = train(tmp_path / 'run', toy_coco, config=config)
    assert_one_sentence(result, 'the model has no neck.pruning', 'custom_hooks')
