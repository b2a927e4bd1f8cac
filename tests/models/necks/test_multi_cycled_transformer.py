# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.utils import digit_version

from sdpose.errors import InputError
from sdpose.models import MultiCycledTransformer, Tokens
from sdpose.models.layers import embed_patches


def make_neck(**kwargs):
    torch.manual_seed(0)
    settings = dict(
        in_channels=4,
        feature_size=(8, 6),
        patch_size=(4, 3),
        num_keypoints=5,
        dim=16,
        depth=3,
        num_heads=4,
    )
    return MultiCycledTransformer(**{**settings, **kwargs})


@pytest.fixture
def feats():
    return (torch.randn(2, 4, 8, 6, generator=torch.Generator().manual_seed(1)),)


def test_shapes_and_number_of_cycles_in_training_and_evaluation(feats):
    neck = make_neck(num_cycles=3)
    for mode, expected in ((True, 3), (False, 1)):
        cycles = neck.train(mode)(feats)
        assert len(cycles) == expected
        assert all(isinstance(tokens, Tokens) for tokens in cycles)
        assert cycles[0].keypoint.shape == (2, 5, 16)
        assert cycles[0].visual.shape == (2, 4, 16)


def test_cycles_share_weights_and_continue_one_another(feats):
    neck = make_neck(num_cycles=2).eval()
    first = neck(feats)
    neck.test_cycles = 2
    both = neck(feats)
    torch.testing.assert_close(both[0], first[0])
    tokens = torch.cat(first[0], dim=1)
    for index, layer in enumerate(neck.layers):
        tokens = layer(tokens + neck.positions if index else tokens)
    torch.testing.assert_close(torch.cat(both[1], dim=1), tokens)


def test_keypoint_tokens_carry_no_position():
    neck = make_neck()
    assert not neck.positions[:, :5].any()
    assert neck.positions[:, 5:].any(dim=-1).all()
    assert 'positions' not in neck.state_dict()


def test_number_of_cycles_does_not_change_the_weights():
    one, three = (make_neck(num_cycles=cycles).state_dict() for cycles in (1, 3))
    assert one.keys() == three.keys()


def test_every_parameter_gets_a_gradient_from_the_last_cycle(feats):
    neck = make_neck(num_cycles=2)
    sum(tokens.sum() for tokens in neck(feats)[-1]).backward()
    assert all(parameter.grad is not None for parameter in neck.parameters())


def test_initialisation():
    neck = make_neck(dim=192, num_heads=8)
    neck.init_weights()
    for weights in (neck.layers[0].attention.qkv.weight, neck.keypoint_tokens):
        assert abs(weights.std().item() - 0.02) < 0.002
    assert not neck.patch_embedding.bias.any()


PRUNING = dict(keep_ratio=0.7, layers=(0, 2))


def test_pruning_keeps_the_published_numbers_of_tokens():
    settings = dict(feature_size=(64, 48), depth=12, pruning=dict(keep_ratio=0.7, layers=(3, 6, 9)))
    neck = make_neck(**settings)
    assert neck.num_kept == {3: 180, 6: 126, 9: 89}
    counts = []
    for layer in neck.layers:
        layer.mlp_norm.register_forward_pre_hook(lambda _, args: counts.append(args[0].shape[1]))
    (tokens,) = neck((torch.randn(1, 4, 64, 48),))
    assert [count - 5 for count in counts] == [256] * 3 + [180] * 3 + [126] * 3 + [89] * 3
    assert tokens.visual.shape == (1, 89, 16)


def test_later_cycles_go_on_with_the_kept_tokens_and_their_positions(feats):
    neck = make_neck(num_cycles=2, pruning=PRUNING)
    first, second = neck(feats)
    assert first.visual.shape == second.visual.shape == (2, 3, 16)
    visual = embed_patches(feats[-1], neck.patch_size, neck.patch_embedding)
    keypoint = neck.keypoint_tokens.expand(len(visual), -1, -1)
    positions = neck.positions
    tokens = torch.cat([keypoint, visual], dim=1) + positions
    for cycle in range(2):
        for index, layer in enumerate(neck.layers):
            tokens = tokens + positions if index else tokens
            if cycle == 0 and index in neck.num_kept:
                tokens, positions = layer.forward_and_prune(
                    tokens, positions, 5, neck.num_kept[index]
                )
            else:
                tokens = layer(tokens)
    torch.testing.assert_close(tokens[:, 5:], second.visual)
    candidates = neck.positions[0, 5:]
    for row in positions[:, 5:].flatten(0, 1):
        assert (row == candidates).all(-1).any()


def test_training_may_keep_more_tokens_than_evaluation(feats):
    neck = make_neck(pruning=PRUNING)
    neck.train_keep_ratio = 1.0
    assert neck.num_kept == {}
    assert neck(feats)[0].visual.shape == (2, 4, 16)
    neck.train_keep_ratio = 0.9
    assert neck.num_kept == {0: 4, 2: 4}  # 0.9 of 4 tokens is more than 3
    assert neck.eval().num_kept == {0: 3, 2: 3}
    assert neck(feats)[0].visual.shape == (2, 3, 16)


def test_transformers_in_a_row_join_their_keypoint_tokens(feats):
    neck = make_neck(depth=4, num_transformers=2, num_cycles=2)
    first, second = neck(feats)
    assert first.keypoint.shape == (2, 5, 32)
    assert first.visual.shape == (2, 4, 16)
    visual = embed_patches(feats[-1], neck.patch_size, neck.patch_embedding)
    tokens = torch.cat([neck.keypoint_tokens.expand(2, -1, -1), visual], dim=1) + neck.positions
    for cycle in (first, second):
        joined = []
        for index, layer in enumerate(neck.layers):
            # positions are added before every layer but the first of each transformer
            tokens = layer(tokens + neck.positions if index in (1, 3) else tokens)
            if index in (1, 3):
                joined.append(tokens[:, :5])
        torch.testing.assert_close(cycle.keypoint, torch.cat(joined, dim=-1))
        torch.testing.assert_close(cycle.visual, tokens[:, 5:])


def test_weights_of_one_attention_scale_do_not_load_into_a_model_of_the_other():
    by_head, by_dim = (make_neck(attention_scale=scale) for scale in ('head_dim', 'dim'))
    assert by_dim.state_dict().keys() - by_head.state_dict().keys() == {'query_gain'}
    for model, other in ((by_head, by_dim), (by_dim, by_head)):
        with pytest.raises(RuntimeError, match='query_gain'):
            model.load_state_dict(other.state_dict())


def test_attention_scale_reaches_every_layer(feats):
    by_head, by_dim = (make_neck(attention_scale=scale).eval() for scale in ('head_dim', 'dim'))
    assert {layer.attention.query_gain for layer in by_dim.layers} == {0.5}
    assert not torch.allclose(by_head(feats)[0].keypoint, by_dim(feats)[0].keypoint)
    with torch.no_grad():
        for layer in by_dim.layers:
            layer.attention.qkv.weight[:16] *= 2
    torch.testing.assert_close(by_head(feats), by_dim(feats))


def test_which_of_several_feature_maps_is_read_is_told_once(feats, monkeypatch):
    told = []
    monkeypatch.setattr(
        'sdpose.models.necks.multi_cycled_transformer.print_log',
        lambda message, *_, **__: told.append(message),
    )
    neck = make_neck()
    several = (torch.zeros(2, 1, 4, 4), *feats)
    for _ in range(2):
        torch.testing.assert_close(neck(several)[0].visual, neck(feats)[0].visual)
    assert told == [f'The backbone gives {len(several)} feature maps; the neck reads the last.']


@pytest.mark.skipif(
    digit_version(torch.__version__) < digit_version('2.5'), reason='torch.export is too young'
)
def test_pruning_adds_no_weights_and_exports_with_static_shapes(feats):
    neck = make_neck(pruning=PRUNING).eval()
    assert neck.state_dict().keys() == make_neck().state_dict().keys()
    program = torch.export.export(neck, (feats,))
    (tokens,) = program.module()(feats)
    torch.testing.assert_close(tokens.visual, neck(feats)[0].visual)


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(pruning=dict(keep_ratio=1.5, layers=(0,))), 'keep_ratio=1.5, but it must be'),
        (
            dict(pruning=dict(keep_ratio=0.5, layers=(3,))),
            'but the layers are 0 to 2',
        ),
        (dict(patch_size=(3, 3)), 'Patches of 3x3 .* do not tile a feature map of 8x6'),
        (dict(num_cycles=0), 'num_cycles=0'),
        (dict(test_cycles=0), 'test_cycles=0'),
        (dict(depth=-2), 'MultiCycledTransformer: depth=-2, but it must be a whole number from 1'),
        (dict(depth=1.5), 'depth=1.5'),
        (dict(num_cycles=1.5), 'num_cycles=1.5'),
        (dict(patch_size=(0, 0)), 'patch_size.0=0'),
        (dict(patch_size=4), 'patch_size=4, but it must be a list of 2'),
        (dict(num_keypoints=0), 'num_keypoints=0'),
        (dict(num_heads=-4), 'num_heads=-4'),
        (dict(num_heads=3), 'dim=16 is not a multiple of num_heads=3'),
        (dict(dim=18, num_heads=2), 'dim=18 of the position embedding is not a multiple of 4'),
        (dict(mlp_ratio=float('nan')), 'mlp_ratio=nan'),
        (dict(mlp_ratio=0.01), 'mlp_ratio=0.01 leaves no hidden layer'),
        (dict(pruning=dict(keep_ratio=0.5, layers=(-1,))), 'pruning.layers.0=-1'),
        (dict(num_transformers=2), 'depth=3 layers cannot be shared evenly by neck.num_transf'),
        (dict(num_transformers=0), 'num_transformers=0'),
        (dict(attention_scale='none'), "attention_scale='none', but it must be one of head_dim"),
    ],
)
def test_settings_that_cannot_work(settings, message):
    with pytest.raises(InputError, match=message):
        make_neck(**settings)


def test_cycles_cannot_be_switched_off_on_a_built_model():
    neck = make_neck()
    for value in (0, -1, 1.5, True):
        with pytest.raises(InputError, match=f'^test_cycles={value}, but it must be a whole'):
            neck.test_cycles = value
    assert neck.test_cycles == 1


@pytest.mark.parametrize('shape', [(2, 4, 8, 9), (2, 3, 8, 6)])
def test_feature_map_of_another_shape(shape):
    with pytest.raises(InputError, match=f'gives {shape[1]} channels, {shape[2]}x{shape[3]}'):
        make_neck()((torch.randn(shape),))


@pytest.mark.parametrize('pruning', [None, dict(keep_ratio=0.5, layers=[2])])
@pytest.mark.parametrize('test_cycles', [1, 2])
def test_without_visual_tokens_keypoint_tokens_are_the_same(test_cycles, pruning, feats):
    neck = make_neck(test_cycles=test_cycles, pruning=pruning).eval()
    whole = neck(feats)
    neck.keypoints_only = True
    cycles = neck(feats)
    for tokens, expected in zip(cycles, whole, strict=True):
        torch.testing.assert_close(tokens.keypoint, expected.keypoint)
    assert cycles[-1].visual.shape[1] == 0
    torch.testing.assert_close(cycles[0].visual, whole[0].visual[:, : cycles[0].visual.shape[1]])
    assert len(neck.train()(feats)[-1].visual[0]) == neck.num_kept.get(2, 4)


@pytest.mark.parametrize('pruning', [None, dict(keep_ratio=0.5, layers=[1])])
def test_checkpointed_cycles_have_the_same_gradients(pruning, feats):
    gradients = []
    for checkpoint_cycles in (False, True):
        neck = make_neck(num_cycles=3, checkpoint_cycles=checkpoint_cycles, pruning=pruning)
        outputs = torch.cat([torch.cat(tokens, dim=1) for tokens in neck(feats)], dim=1)
        outputs.square().sum().backward()
        gradients.append({name: weight.grad for name, weight in neck.named_parameters()})
    torch.testing.assert_close(*gradients)


def test_checkpointed_cycles_keep_less_for_the_gradients(feats):
    def kept(**settings):
        sizes = []
        pack = lambda tensor: sizes.append(tensor.numel()) or tensor  # noqa: E731
        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            make_neck(depth=6, **settings)(feats)
        return sum(sizes)

    one, two, checkpointed = kept(), kept(num_cycles=2), kept(num_cycles=2, checkpoint_cycles=True)
    assert two > 1.8 * one
    assert checkpointed < 1.2 * one
