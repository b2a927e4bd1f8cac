# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest
import torch
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from sdpose.errors import InputError
from sdpose.models import TokenHeatmapHead, Tokens

CODEC = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1.5)
FLIP_INDICES = [0, 2, 1]


def make_head(**kwargs):
    torch.manual_seed(0)
    return TokenHeatmapHead(in_channels=8, out_channels=3, decoder=CODEC, **kwargs)


def make_tokens(num_cycles, dim=8):
    generator = torch.Generator().manual_seed(1)

    def draw(length):
        return torch.randn(2, length, dim, generator=generator)

    return tuple(Tokens(draw(3), draw(4)) for _ in range(num_cycles))


@pytest.fixture
def samples():
    generator = torch.Generator().manual_seed(2)
    weights = [[1, 1, 0], [1, 0, 1]]
    return [
        PoseDataSample(
            metainfo=dict(flip_indices=FLIP_INDICES),
            gt_fields=PixelData(heatmaps=torch.rand(3, 16, 12, generator=generator)),
            gt_instance_labels=InstanceData(keypoint_weights=torch.tensor([weight]).float()),
        )
        for weight in weights
    ]


@pytest.mark.parametrize(('dim', 'layers'), [(12, 4), (13, 2)])
def test_mlp_has_a_hidden_layer_for_narrow_tokens(dim, layers):
    head = TokenHeatmapHead(in_channels=dim, out_channels=3, decoder=CODEC)  # 16 * 12 / 16 = 12
    assert len(head.mlp) == layers
    assert head.mlp[-1].out_features == 16 * 12
    assert head.mlp[-1].in_features == (24 if layers == 4 else dim)


def test_heatmaps_come_from_the_last_cycle():
    head, tokens = make_head(), make_tokens(2)
    expected = head.mlp(tokens[1].keypoint).view(2, 3, 16, 12)
    torch.testing.assert_close(head(tokens), expected)


def test_losses_of_all_cycles(samples):
    head = make_head(token_loss=dict(type='TokenDistillationLoss', keypoint_weight=2))
    tokens = make_tokens(3)
    losses = head.loss(tokens, samples, train_cfg={})
    target = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    weight = torch.tensor([[1, 1, 0], [1, 0, 1]]).view(2, 3, 1, 1)
    squares = [(head([cycle]) - target).square() * weight for cycle in tokens]
    expected = sum(square.mean() for square in squares)
    torch.testing.assert_close(losses['loss_kpt'], expected)
    first, second, third = (cycle.keypoint for cycle in tokens)
    between = (first - second).square().mean() + (second - third).square().mean()
    torch.testing.assert_close(losses['loss_kpt_token'], 2 * between)
    assert set(losses) == {'loss_kpt', 'loss_kpt_token', 'loss_vis_token', 'acc_pose'}


def test_last_cycle_alone_can_be_supervised(samples):
    head, tokens = make_head(supervised_cycles='last'), make_tokens(2)
    expected = make_head().loss(tokens[1:], samples, train_cfg={})['loss_kpt']
    torch.testing.assert_close(head.loss(tokens, samples, train_cfg={})['loss_kpt'], expected)
    with pytest.raises(
        InputError, match="supervised_cycles='first', but it must be one of all, last"
    ):
        make_head(supervised_cycles='first')


def test_baseline_has_no_token_losses(samples):
    losses = make_head().loss(make_tokens(1), samples, train_cfg=dict(compute_acc=False))
    assert set(losses) == {'loss_kpt'}


def test_accuracy_is_that_of_the_deployed_first_cycle(samples):
    head, tokens = make_head(), make_tokens(2)
    right = head(tokens[:1]).detach()
    for sample, heatmaps in zip(samples, right, strict=True):
        sample.gt_fields.heatmaps = heatmaps
    assert head.loss(tokens, samples, train_cfg={})['acc_pose'] == 1
    assert head.loss(tokens[::-1], samples, train_cfg={})['acc_pose'] < 1


def test_flip_test_averages_with_the_mirrored_heatmaps(samples):
    head, tokens, flipped = make_head(), make_tokens(1), make_tokens(2)[1:]
    _, fields = head.predict(
        [tokens, flipped],
        samples,
        test_cfg=dict(flip_test=True, shift_heatmap=True, output_heatmaps=True),
    )
    mirrored = head(flipped)[:, FLIP_INDICES].flip(-1)
    mirrored[..., 1:] = mirrored[..., :-1].clone()
    expected = (head(tokens) + mirrored) / 2
    torch.testing.assert_close(torch.stack([field.heatmaps for field in fields]), expected)


def test_autocast_gives_float32_heatmaps(samples):
    head = make_head(token_loss=dict(type='TokenDistillationLoss'))
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = head.loss(make_tokens(2), samples, train_cfg={})
        assert head(make_tokens(1)).dtype == torch.float32
    assert all(torch.isfinite(value) for value in losses.values())


def test_a_neck_that_gives_no_tokens(samples):
    feature_map = torch.zeros(2, 8, 16, 12)
    with pytest.raises(InputError, match=r'is given feature maps: set model\.neck to a'):
        make_head()((feature_map,))
    with pytest.raises(InputError, match='is given feature maps'):
        make_head().loss((feature_map,), samples, train_cfg={})


def test_targets_of_another_codec(samples):
    for sample in samples:
        sample.gt_fields = PixelData(heatmaps=torch.zeros(3, 8, 6))
    with pytest.raises(InputError, match=r'draws heatmaps of 3x16x12 .* are 3x8x6\. .*same codec'):
        make_head().loss(make_tokens(1), samples, train_cfg={})


@pytest.mark.parametrize('shape', [(2, 4, 8), (2, 3, 9)])
def test_tokens_of_another_number_or_width(shape):
    tokens = Tokens(torch.zeros(shape), torch.zeros(shape))
    with pytest.raises(InputError, match=f'the neck gives {shape[1]} of width {shape[2]}'):
        make_head()([tokens])
