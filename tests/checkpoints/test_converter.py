# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmpose.models.backbones import HRNet

from conftest import GOLDEN, build_model, load_config
from data.golden.weights import published_state_dict
from sdpose.checkpoints.compatibility import load_strictly
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
    assert converted.layout.name == layout
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


def own_names(ours, num_transformers=1, residual=True):
    """Name our weights as TokenPose's or PPT's own repository does, on HRNet."""
    depth = 1 + max(int(name.split('.')[2]) for name in ours if name.startswith('neck.layers.'))
    inner = '.fn' if residual else ''
    parts = {
        'attention_norm': f'0{inner}.norm',
        'attention.qkv': f'0{inner}.fn.to_qkv',
        'attention.out': f'0{inner}.fn.to_out.0',
        'mlp_norm': '1.fn.norm',
        'mlp.0': '1.fn.fn.net.0',
        'mlp.2': '1.fn.fn.net.3',
    }
    renames = {
        'neck.keypoint_tokens': 'transformer.keypoint_token',
        'neck.patch_embedding': 'transformer.patch_to_embedding',
        'head.mlp': 'transformer.mlp_head',
        'backbone': 'pre_feature',
    }
    for layer in range(depth):
        number, index = divmod(layer, depth // num_transformers)
        transformer = f'transformer{number + 1}' if num_transformers > 1 else 'transformer'
        for part, theirs in parts.items():
            published = f'transformer.{transformer}.layers.{index}.{theirs}'
            renames[f'neck.layers.{layer}.{part}'] = published
    named = {}
    for name, weights in ours.items():
        start = next(s for s in renames if name == s or name.startswith(f'{s}.'))
        named[renames[start] + name.removeprefix(start)] = weights
    return named


@pytest.mark.parametrize(
    ('name', 'num_transformers', 'residual', 'layout'),
    [
        ('tokenpose-b', 1, True, 'TokenPose-T, -B or -L'),
        ('ppt-b', 1, False, 'PPT-B'),
        ('tokenpose-l-d24', 3, True, 'TokenPose-T, -B or -L'),
    ],
)
@torch.no_grad()
def test_whole_models_on_hrnet_survive_their_own_repositorys_names(
    name, num_transformers, residual, layout
):
    model = build_model(load_config(name)).eval()
    for parameter in model.neck.parameters():
        parameter.normal_(std=0.1)
    ours = {key: value.clone() for key, value in model.state_dict().items()}
    published = own_names(ours, num_transformers, residual)
    converted = convert_published(published, neck=model.neck)
    assert converted.layout.name == f'{layout} of its own repository'
    image = torch.randn(1, 3, 256, 192)
    expected = model(image, None, mode='tensor')
    other = build_model(load_config(name)).eval()
    other.load_state_dict({key: torch.zeros_like(value) for key, value in ours.items()})
    load_strictly(other, converted.state_dict, 'a.pth')
    assert torch.equal(other(image, None, mode='tensor'), expected)
    if num_transformers == 3:
        second = published['transformer.transformer2.layers.0.1.fn.norm.weight']
        assert torch.equal(converted.state_dict['neck.layers.8.mlp_norm.weight'], second)


@pytest.mark.parametrize(
    ('golden', 'name', 'factor'),
    [
        ('tokenpose_s_v1', 'tokenpose-s-v1', 1),
        ('tokenpose_s_v1', 'tokenpose-s-v1-original', 8**0.5),
        ('repo_tokenpose_s_v1', 'tokenpose-s-v1', 8**-0.5),
        ('repo_tokenpose_s_v1', 'tokenpose-s-v1-original', 1),
    ],
)
def test_queries_are_scaled_for_the_neck(golden, name, factor):
    published = published_state_dict(GOLDEN / f'{golden}.json')
    before = {key: value.clone() for key, value in published.items()}
    converted = convert_published(published, neck=build_model(load_config(name)).neck)
    assert converted.query_factor == pytest.approx(factor)
    (key,) = [key for key in published if key.endswith('.11.0.fn.fn.to_qkv.weight')]
    weights = converted.state_dict['neck.layers.11.attention.qkv.weight']
    torch.testing.assert_close(weights[:192], factor * before[key][:192])
    assert torch.equal(weights[192:], before[key][192:])
    assert all(torch.equal(value, before[key]) for key, value in published.items())


@pytest.mark.parametrize('golden', ['repo_tokenpose_s_v1', 'repo_ppt_s'])
def test_small_models_of_own_repositories_need_the_number_of_heads(golden):
    published = published_state_dict(GOLDEN / f'{golden}.json')
    with pytest.raises(InputError, match=r'dim\^-0.5 instead of .* number of heads.*--config'):
        convert_published(published, 'a.pth')


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


@pytest.mark.parametrize(
    ('names', 'message'),
    [
        (['conv1.weight', 'stage2.0.branches.0.0.conv1.weight'], 'a backbone alone.*init_cfg'),
        (['conv1.weight', 'global_encoder.layers.0.norm1.weight'], 'TransPose, whose.*init_cfg'),
        (['cls_token', 'blocks.0.attn.qkv.weight'], 'vision transformer.*configs/deit'),
    ],
)
def test_other_published_files_are_told_where_they_go(names, message):
    with pytest.raises(InputError, match=rf'^a\.pth cannot be converted: it is .*{message}'):
        convert_published(dict.fromkeys(names, torch.zeros(1)), 'a.pth')


def test_our_own_checkpoints_need_no_conversion():
    with pytest.raises(InputError, match='our names already: nothing is to convert'):
        convert_published({'neck.keypoint_tokens': torch.zeros(1)})


def test_unknown_names_are_refused():
    with pytest.raises(InputError, match=r'unknown.*keypoint_head\.other'):
        convert_published({**make_published(), 'keypoint_head.other': torch.zeros(1)})
