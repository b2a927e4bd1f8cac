# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.registry import MODELS

from conftest import build_model, load_config
from sdpose.checkpoints.keypoint_rows import place_rows

POOLED = dict(in_channels=8, decoder=dict(type='RegressionLabel', input_size=(96, 128)))
MAPS = dict(in_channels=8, in_featuremap_size=(4, 3), input_size=(96, 128))
DECONV = dict(in_channels=8, deconv_out_channels=[34], deconv_kernel_sizes=[4])
HEADS = {  # how each is built; the last part of its layer with rows of keypoints
    'PooledRegressionHead': (POOLED, 'fc'),
    'RLEHead': (POOLED, 'fc'),
    'HeatmapHead': (DECONV, 'final_layer'),
    'SimCCHead': (dict(MAPS, decoder=dict(type='SimCCLabel', input_size=(96, 128))), 'final_layer'),
}


def build_head(name, num_keypoints):
    options, layer = HEADS[name]
    count = 'num_joints' if layer == 'fc' else 'out_channels'
    head = MODELS.build({**options, 'type': name, count: num_keypoints}).eval()
    for weight in head.parameters():
        torch.nn.init.normal_(weight)
    return head


@pytest.mark.parametrize('name', HEADS)
def test_outputs_of_a_head_follow_the_order_of_keypoints(name):
    torch.manual_seed(0)
    old, new, origins = build_head(name, 17), build_head(name, 17), torch.randperm(17).tolist()
    placed = place_rows(new.state_dict(), old.state_dict(), [[each] for each in origins], 17)
    assert {key.split('.')[-2] for key in placed} == {HEADS[name][1]}
    new.load_state_dict({**old.state_dict(), **placed})
    features = (torch.randn(2, 8, *((1, 1) if hasattr(old, 'fc') else (3, 4))),)
    both = [head(features) for head in (new, old)]
    both = [each if isinstance(each, tuple) else (each,) for each in both]
    for found, expected in zip(*both, strict=True):
        torch.testing.assert_close(found, expected[:, origins])


@pytest.mark.parametrize('name', HEADS)
@pytest.mark.parametrize(('num_old', 'num_new'), [(17, 14), (14, 17), (17, 1), (1, 133)])
def test_shared_keypoints_have_the_old_rows_and_new_ones_the_models(name, num_old, num_new):
    old, new = (build_head(name, count).state_dict() for count in (num_old, num_new))
    before = {key: weight.clone() for key, weight in new.items()}
    origins = [[number] if number < num_old else [] for number in range(num_new)][::-1]
    origins[0] = [0, num_old - 1]
    placed = place_rows(new, old, origins, num_old)
    assert placed.keys() == {key for key in new if new[key].shape != old[key].shape}
    for key, weight in placed.items():
        rows, ours = (each.unflatten(0, (num_new, -1)) for each in (weight, before[key]))
        theirs = old[key].unflatten(0, (num_old, -1))
        for index, origin in enumerate(origins):
            assert torch.equal(rows[index], theirs[origin].mean(0) if origin else ours[index])
        assert torch.equal(new[key], before[key])


@pytest.mark.parametrize(('num_new', 'shared'), [(16, [*range(16)][::-1]), (21, [*range(16)])])
def test_a_token_model_has_rows_of_keypoints_in_its_tokens_alone(num_new, shared):
    old, new = load_config('sdpose-toy'), load_config('sdpose-toy')
    for cfg, count in ((old, 16), (new, num_new)):  # of which its widths are multiples
        cfg.model.neck.num_keypoints = cfg.model.head.out_channels = count
    old, new = build_model(old).state_dict(), build_model(new).state_dict()
    origins = [[number] for number in shared] + (num_new - 16) * [[]]
    ((name, tokens),) = place_rows(new, old, origins, 16).items()
    assert name == 'neck.keypoint_tokens'
    assert torch.equal(tokens[:, :16], old[name][:, shared])
    assert torch.equal(tokens[:, 16:], new[name][:, 16:])


@pytest.mark.parametrize(('num_old', 'num_new'), [(4, 4), (4, 6)])
def test_what_has_no_rows_of_keypoints_is_left_alone(num_old, num_new):
    old, new = (
        {
            'backbone.fc.weight': torch.zeros(count, 4),  # classes
            'head.tags.weight': torch.zeros(2 * count, 3, 1, 1),  # of two layouts
            'head.tags.bias': torch.zeros(2 * count),
            'head.mlp.weight': torch.zeros(2 * count, 3 * count),
            'head.dimensions': torch.zeros(*count * [1]),
            'head.half': torch.zeros(count // 2),
            'head.indices': torch.arange(count),
            'head.fc.weight': torch.zeros(5, 3),
            'head.final_layer.num_batches_tracked': torch.tensor(0),
        }
        for count in (num_old, num_new)
    )
    for given in (old, {}):
        assert place_rows(new, given, [[3], [2], [1], [0], [], []][:num_new], num_old) == {}


def test_half_precision_becomes_the_models():
    placed = place_rows(dict(fc=torch.zeros(1, 3)), dict(fc=torch.ones(2, 3).half()), [[1]], 2)
    torch.testing.assert_close(placed, dict(fc=torch.ones(1, 3)))
