# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from torch import nn

from conftest import GOLDEN, build_model, load_config
from data.golden.weights import published_state_dict
from sdpose.checkpoints.compatibility import load_strictly, split_fitting
from sdpose.errors import InputError


def test_checkpoint_of_the_same_model_fits():
    model, other = nn.Linear(2, 3), nn.Linear(2, 3)
    load_strictly(model, dict(state_dict=other.state_dict()), 'a.pth')
    assert torch.equal(model.weight, other.weight)


@pytest.mark.parametrize(
    ('state_dict', 'message'),
    [
        (dict(weight=torch.zeros(3, 2)), 'a.pth belongs to another model.*bias is missing'),
        (nn.Linear(2, 4).state_dict(), 'size mismatch for weight'),
        (nn.Linear(2, 3).state_dict() | dict(new=torch.zeros(1)), 'new is not part of the model'),
        ({f'new{i}': torch.zeros(1) for i in range(9)}, 'and 8 more'),
    ],
)
def test_other_checkpoints_are_refused_with_the_first_differences(state_dict, message):
    with pytest.raises(InputError, match=message):
        load_strictly(nn.Linear(2, 3), dict(state_dict), 'a.pth')


def test_published_checkpoint_suggests_the_converter():
    model = build_model(load_config('sdpose-t'))
    published = published_state_dict(GOLDEN / 'sdpose_t.json')
    with pytest.raises(
        InputError, match=r'published names of SDPose.*tools/convert_checkpoint\.py a\.pth'
    ):
        load_strictly(model, dict(state_dict=published), 'a.pth')


def test_wrapped_weights_fit():
    state_dict = {f'module.{name}': value for name, value in nn.Linear(2, 3).state_dict().items()}
    model = nn.Linear(2, 3)
    load_strictly(model, state_dict, 'a.pth')
    assert torch.equal(model.weight, state_dict['module.weight'])


def test_fine_tuning_takes_a_part_but_not_nothing():
    part = dict(weight=torch.zeros(3, 2), bias=torch.zeros(7))
    assert split_fitting(nn.Linear(2, 3), part, 'a.pth') == (['weight'], ['bias'])
    with pytest.raises(InputError, match=r'another model.*such as weight; bias'):
        split_fitting(nn.Linear(2, 3), dict(other=torch.zeros(1)), 'a.pth')


def test_published_files_of_other_models_are_named():
    encoder = {
        'conv1.weight': torch.zeros(1),
        'global_encoder.layers.0.norm1.weight': torch.ones(1),
    }
    with pytest.raises(InputError, match=r'bias is missing.*It is a TransPose.*init_cfg'):
        load_strictly(nn.Linear(2, 3), encoder, 'a.pth')
    with pytest.raises(InputError, match=r'not one weight of the model.*It is a TransPose'):
        split_fitting(nn.Linear(2, 3), encoder, 'a.pth')


def test_counted_batches_are_no_weights():
    others = nn.BatchNorm1d(5).state_dict()
    with pytest.raises(InputError, match=r'than BatchNorm1d: not one .* with the same shape\.$'):
        split_fitting(nn.BatchNorm1d(2), others, 'a.pth', 'BatchNorm1d')
    old = {k: v for k, v in nn.BatchNorm1d(2).state_dict().items() if 'tracked' not in k}
    names = ['weight', 'bias', 'running_mean', 'running_var']
    assert split_fitting(nn.BatchNorm1d(2), old, 'a.pth') == (names, [])


def test_integers_are_not_copied_into_floats():
    integers = nn.Linear(2, 3).state_dict() | dict(bias=torch.zeros(3, dtype=torch.int64))
    for load in (load_strictly, split_fitting):
        model = nn.Linear(2, 3)
        before = model.weight.clone()
        with pytest.raises(InputError, match=r'bias has numbers of type torch\.int64 instead'):
            load(model, integers, 'a.pth')
        assert torch.equal(model.weight, before)
    batches = nn.BatchNorm1d(2).state_dict() | dict(num_batches_tracked=torch.tensor(1.5))
    with pytest.raises(InputError, match=r'num_batches_tracked has numbers of type torch\.float32'):
        load_strictly(nn.BatchNorm1d(2), batches, 'a.pth')
    half = nn.Linear(2, 3).half().state_dict()
    load_strictly(nn.Linear(2, 3), half, 'a.pth')


@pytest.mark.parametrize('load', [load_strictly, split_fitting])
def test_weights_are_for_one_scale_of_attention(load):
    def build(name, **neck):
        cfg = load_config(name)
        cfg.model.neck.update(depth=1, **neck)
        return build_model(cfg)

    by_head, by_dim = build('tokenpose-s-v1'), build('tokenpose-s-v1-original')
    message = r'its queries are multiplied by {}, not by {}\. Set neck\.attention_scale'
    for model, other, gains in (
        (by_head, by_dim, ('0.3536', '1')),
        (by_dim, by_head, ('1', '0.3536')),
        (build('tokenpose-s-v1-original', num_heads=16), by_dim, ('0.3536', '0.25')),
    ):
        with pytest.raises(InputError, match=message.format(*gains)):
            load(model, other.state_dict(), 'a.pth')
    load(by_dim, by_dim.state_dict(), 'a.pth')
    backbone = {k: v for k, v in by_head.state_dict().items() if k.startswith('backbone.')}
    fitting, others = split_fitting(by_dim, backbone, 'a.pth')
    assert 'neck.query_gain' in others
    assert 'backbone.conv1.weight' in fitting
