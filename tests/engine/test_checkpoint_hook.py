# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from types import SimpleNamespace
from unittest.mock import Mock

import pytest
import torch
from mmengine.runner import BaseLoop
from torch import nn

from sdpose.engine.checkpoint_hook import CheckedLoadingHook
from sdpose.errors import InputError

UNNAMED = 'No keypoint is taken by name: a.pth does not name its own (meta.dataset_meta).'
NEW = ' keypoints start anew: '


def names(*keypoints):
    return dict(keypoint_id2name=dict(enumerate(keypoints)))


def build(num_keypoints):
    model = nn.Module()
    model.backbone = nn.Linear(2, 3)
    model.keypoint_tokens = nn.Parameter(torch.randn(1, num_keypoints, 4))
    return model


def load(model, checkpoint, metainfo, is_resumed=False, loop=Mock(spec=BaseLoop)):
    """What is logged when a training starts from a checkpoint."""
    runner = Mock(model=model, _load_from='a.pth', _resume=is_resumed, _train_loop=loop)
    runner.train_dataloader.dataset = SimpleNamespace(metainfo=metainfo)
    CheckedLoadingHook().after_load_checkpoint(runner, checkpoint)
    return [call.args[0] for call in runner.logger.info.call_args_list]


@pytest.mark.parametrize(
    ('given', 'wanted', 'origins', 'lines'),
    [
        ('nose b_l b_r', 'bR tail bL d', [2, None, 1, None], ['2 of 4{}bR; bL', '2 of 4{}tail; d']),
        ('A b_l R_B 耳', '耳 bR bL a', [3, 2, 1, 0], ['4 of 4{}耳; bR; bL (and 1 more)']),
        ('nose tail', 'tail d', [1, None], ['1 of 2{}tail', '1 of 2{}d']),
        ('l_shoulder RShoulder', 'neck d', [[0, 1], None], ['1 of 2{}neck', '1 of 2{}d']),
    ],
)
def test_tokens_go_to_the_keypoints_of_their_names(given, wanted, origins, lines):
    old, model = build(len(given.split())), build(len(wanted.split()))
    state_dict = {f'module.{name}': weight for name, weight in old.state_dict().items()}
    checkpoint = dict(state_dict=state_dict, meta=dict(dataset_meta=names(*given.split())))
    by_name = ' keypoints are taken by name, in keypoint_tokens: '
    if 'neck' in wanted:
        by_name = ' keypoints start from the mean of those that they lie between: '
    lines = [line.format(each) + '.' for line, each in zip(lines, (by_name, NEW), strict=False)]
    found = load(model, checkpoint, names(*wanted.split()))
    assert found == ['a.pth gives 3 of 3 weights.', *lines]
    for index, origin in enumerate(origins):
        owner, number = (model, index) if origin is None else (old, origin)
        row = owner.keypoint_tokens[0, number].view(-1, 4).mean(0)
        assert torch.equal(checkpoint['state_dict']['keypoint_tokens'][0, index], row)
    assert torch.equal(checkpoint['state_dict']['backbone.bias'], old.backbone.bias)


@pytest.mark.parametrize(
    'meta',
    [None, [], {}, dict(dataset_meta=None)]
    + [
        dict(dataset_meta=dict(keypoint_id2name=wrong))
        for wrong in (None, {}, ['nose'], {1: 'nose'}, {'0': 'nose'}, {0: 7}, {0: 'a\nb'})
    ],
)
def test_without_names_nothing_is_changed(meta):
    checkpoint = dict(state_dict=(state_dict := build(1).state_dict()), meta=meta)
    first = 'a.pth gives 2 of 3 weights. These start anew: keypoint_tokens.'
    assert load(build(2), checkpoint, names('nose', 'neck')) == [first, UNNAMED]
    assert load(build(2), checkpoint, dict(classes=('cat', 'dog'))) == [first]
    assert checkpoint['state_dict'] is state_dict


def test_with_no_other_names_nothing_is_changed():
    checkpoint = dict(state_dict=(state_dict := build(2).state_dict()))
    checkpoint['meta'] = dict(dataset_meta=names('A', 'l_b'))
    first = 'a.pth gives 3 of 3 weights.'
    assert load(build(2), checkpoint, names('a', 'LeftB')) == [first]
    last = 'No keypoint is taken by name: the checkpoint has no nose; neck.'
    assert load(build(2), checkpoint, names('nose', 'neck')) == [first, last]
    assert checkpoint['state_dict'] is state_dict


@pytest.mark.parametrize('phase', [dict(is_resumed=True), dict(loop={})])
def test_resume_and_test_stay_strict(phase):
    checkpoint = dict(state_dict=build(2).state_dict(), optimizer={}, message_hub={})
    checkpoint |= dict(
        param_schedulers=[], meta=dict(dataset_meta=names('a', 'b'), epoch=1, iter=1)
    )
    with pytest.raises(InputError, match='size mismatch for keypoint_tokens'):
        load(build(1), checkpoint, names('a'), **phase)
