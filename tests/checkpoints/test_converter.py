# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.models.backbones import HRNet

from conftest import GOLDEN, build_model, load_config
from data.golden.weights import published_state_dict
from sdpose.checkpoints.converter import convert_published, recognise_layout
from sdpose.errors import InputError


def make_published(root='tokenpose.transformer_layer1'):
    return {
        'backbone.conv1.weight': torch.zeros(1),
        f'keypoint_head.{root.split(".")[0]}.pos_embedding': torch.zeros(1),
        f'keypoint_head.{root}.layers.3.0.fn.fn.to_out.0.bias': torch.ones(2),
        f'keypoint_head.{root}.layers.11.1.fn.fn.net.3.weight': torch.ones(3),
    }


@pytest.mark.parametrize(
    ('root', 'layout'),
    [
        ('tokenpose.transformer_layer1', 'SDPose or PPT'),
        ('tokenpose.transformer', 'TokenPose'),
        ('tokenhead.transformer', 'DistilPose'),
    ],
)
def test_layers_are_renamed_and_positions_dropped(root, layout):
    converted = convert_published(make_published(root))
    assert converted.layout == layout
    assert set(converted.state_dict) == {
        'backbone.conv1.weight',
        'neck.layers.3.attention.out.bias',
        'neck.layers.11.mlp.2.weight',
    }
    assert converted.dropped == (f'keypoint_head.{root.split(".")[0]}.pos_embedding',)


def test_two_names_of_one_weight_are_refused():
    published = make_published() | {'pre_feature.conv1.weight': torch.ones(1)}
    with pytest.raises(InputError, match=r'or there twice: .*pre_feature\.conv1\.weight'):
        convert_published(published)


@pytest.mark.parametrize(
    ('golden', 'name'),
    [
        ('sdpose_s_v1', 'sdpose-s-v1-3cycle'),
        ('sdpose_t', 'sdpose-t'),
        ('tokenpose_s_v1', 'tokenpose-s-v1'),
        ('tokenpose_t', 'sdpose-t-v2'),
        ('distilpose_s', 'distilpose-s-student'),
        ('distilpose_s', 'distilpose-s'),
    ],
)
def test_converted_weights_load_strictly(golden, name):
    published = published_state_dict(GOLDEN / f'{golden}.json')
    build_model(load_config(name)).load_state_dict(convert_published(published).state_dict)
    assert not any(key.endswith('pos_embedding') for key in published)


@pytest.mark.parametrize(
    ('golden', 'name', 'prefixes'),
    [('tokenpose_s_v1', 'tokenpose-s-v1', ('features.', 'features.'))],
)
def test_tokenposes_own_repository(golden, name, prefixes):
    published = published_state_dict(GOLDEN / f'{golden}.json')
    renamed = {
        key.replace('backbone.', prefixes[0]).replace('keypoint_head.tokenpose.', prefixes[1]): v
        for key, v in published.items()
    }
    converted = convert_published(renamed)
    assert converted.layout == "TokenPose's own repository"
    expected = convert_published(published).state_dict
    assert converted.state_dict.keys() == expected.keys()
    assert all(torch.equal(v, expected[key]) for key, v in converted.state_dict.items())


def test_tokenposes_own_repository_on_hrnet():
    model = build_model(load_config('tokenpose-b'))
    published = {
        'transformer.pos_embedding': torch.zeros(1, 256, 192),
        'transformer.transformer.layers.3.0.fn.fn.to_out.0.bias': torch.ones(192),
        'transformer.mlp_head.3.weight': torch.ones(3072, 384),
        'pre_feature.stage3.3.fuse_layers.1.0.0.0.weight': torch.ones(1),
        'pre_feature.stage3.3.fuse_layers.0.1.0.weight': torch.ones(32, 64, 1, 1),
    }
    converted = convert_published(published)
    assert set(converted.state_dict) < set(model.state_dict())
    assert converted.positions.shape == (1, 256, 192)
    assert 'pre_feature.stage3.3.fuse_layers.1.0.0.0.weight' in converted.dropped


def test_unused_fuse_layers_are_dropped_where_stage_4_is_cut_off():
    unused = 'backbone.stage3.3.fuse_layers.2.0.0.0.weight'
    published = {**make_published(), unused: torch.zeros(1)}
    assert unused in convert_published(published).dropped
    published['backbone.stage4.0.branches.0.0.conv1.weight'] = torch.zeros(1)
    assert unused in convert_published(published).state_dict


def test_hrnet_with_all_outputs_of_stage_3_becomes_the_cut_one():
    cut = load_config('tokenpose-b').model.backbone
    identity = dict(num_modules=0, num_branches=1, block='BASIC', num_blocks=(), num_channels=(32,))
    published = HRNet(extra=dict(cut.extra, stage4=identity)).state_dict()
    named = {f'backbone.{name}': value for name, value in published.items()}
    converted = convert_published({**make_published(), **named})
    model = build_model(load_config('tokenpose-b'))
    ours = {name for name in model.state_dict() if name.startswith('backbone.')}
    assert ours == {name for name in converted.state_dict if name.startswith('backbone.')}
    state_dict = {n.removeprefix('backbone.'): converted.state_dict[n] for n in ours}
    model.backbone.load_state_dict(state_dict)
    assert len(converted.dropped) == 1 + len(named) - len(ours)


def test_other_checkpoints_are_refused_with_their_first_names():
    other = {'backbone.conv1.weight': torch.zeros(1), 'head.fc.weight': torch.zeros(1)}
    assert recognise_layout(other) is None
    with pytest.raises(InputError, match=r'first names are: backbone\.conv1\.weight, head'):
        convert_published(other)


def test_our_own_checkpoints_need_no_conversion():
    with pytest.raises(InputError, match='our names already: nothing is to convert'):
        convert_published({'neck.keypoint_tokens': torch.zeros(1)})


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match=r'unknown.*keypoint_head\.other'):
        convert_published({**make_published(), 'keypoint_head.other': torch.zeros(1)})
