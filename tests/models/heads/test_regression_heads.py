# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.structures import InstanceData, PixelData
from mmpose.structures import PoseDataSample

from sdpose.errors import InputError
from sdpose.models import PooledRegressionHead, RegressionOutput, TokenRegressionHead, Tokens

DECODER = dict(type='RegressionWithConfidence', input_size=(48, 64))
RLE = dict(type='RLELoss', use_target_weight=True)
FLIP_INDICES = [0, 2, 1]


def make_head(**kwargs):
    torch.manual_seed(0)
    return TokenRegressionHead(in_channels=8, num_joints=3, decoder=DECODER, **kwargs)


def make_tokens(num_cycles=1):
    generator = torch.Generator().manual_seed(1)
    return tuple(
        Tokens(torch.randn(2, 3, 8, generator=generator), torch.randn(2, 4, 8, generator=generator))
        for _ in range(num_cycles)
    )


@pytest.fixture
def samples():
    generator = torch.Generator().manual_seed(2)
    return [
        PoseDataSample(
            metainfo=dict(flip_indices=FLIP_INDICES, input_size=(48, 64)),
            gt_instance_labels=InstanceData(
                keypoint_labels=torch.rand(1, 3, 2, generator=generator),
                keypoint_weights=torch.tensor([weights]).float(),
            ),
        )
        for weights in ([1, 1, 0], [1, 0, 1])
    ]


def test_channels_are_x_y_confidence_and_sigmas():
    channels = torch.tensor([[[0.0, 1.0, -2.0, 0.0, 3.0]]])
    output = RegressionOutput.from_channels(channels)
    torch.testing.assert_close(output.coordinate, torch.tensor([[[0.5, 0.7310586]]]))
    assert output.confidence.tolist() == [[[-2.0]]]
    torch.testing.assert_close(output.sigma, torch.tensor([[[0.6931472, 3.0485873]]]))


def test_prediction_comes_from_the_last_cycle():
    head, tokens = make_head(), make_tokens(2)
    expected = head.mlp(tokens[1].keypoint)
    torch.testing.assert_close(head(tokens).coordinate, expected[..., :2].sigmoid())
    torch.testing.assert_close(head(tokens).confidence, expected[..., 2:3])


def test_an_auxiliary_head_adds_the_loss_of_heatmaps_of_the_same_tokens(samples):
    codec = dict(type='MSRAHeatmap', input_size=(48, 64), heatmap_size=(12, 16), sigma=1.5)
    auxiliary = dict(type='TokenHeatmapHead', in_channels=8, out_channels=3, decoder=codec)
    head, tokens = make_head(auxiliary_head=auxiliary, score='one'), make_tokens()
    generator = torch.Generator().manual_seed(3)
    for sample in samples:
        heatmaps = torch.rand(3, 16, 12, generator=generator)
        sample.gt_fields = PixelData(heatmaps=heatmaps)
    losses = head.loss(tokens, samples)
    target = torch.stack([sample.gt_fields.heatmaps for sample in samples])
    weight = torch.cat([sample.gt_instance_labels.keypoint_weights for sample in samples])
    drawn = head.auxiliary_head(tokens)
    expected = F.mse_loss(drawn * weight[..., None, None], target * weight[..., None, None])
    torch.testing.assert_close(losses['loss_heatmap'], expected)
    alone = make_head(score='one').loss(tokens, samples)
    assert set(losses) - set(alone) == {'loss_heatmap'}
    del samples[0].gt_fields
    with pytest.raises(InputError, match='the samples have no targets that fit'):
        head.loss(tokens, samples)
    auxiliary['token_loss'] = dict(type='TokenDistillationLoss')
    with pytest.raises(InputError, match=r'remove head\.auxiliary_head\.token_loss'):
        make_head(auxiliary_head=auxiliary, score='one')


def test_smooth_l1_of_all_cycles_and_the_token_loss(samples):
    token_loss = dict(type='TokenDistillationLoss', keypoint_weight=2)
    head = make_head(token_loss=token_loss, score='one')
    tokens = make_tokens(2)
    losses = head.loss(tokens, samples)
    labels = [sample.gt_instance_labels for sample in samples]
    target = torch.cat([label.keypoint_labels for label in labels])
    weight = torch.cat([label.keypoint_weights for label in labels])[..., None]
    outputs = [head([cycle]).coordinate for cycle in tokens]
    expected = sum(F.smooth_l1_loss(output * weight, target * weight) for output in outputs)
    torch.testing.assert_close(losses['loss_kpt'], expected)
    between = 2 * F.mse_loss(tokens[0].keypoint, tokens[1].keypoint)
    torch.testing.assert_close(losses['loss_kpt_token'], between)
    assert set(losses) == {'loss_kpt', 'loss_kpt_token', 'loss_vis_token', 'acc_pose'}


def test_rle_of_all_cycles_trains_the_sigmas(samples):
    head = make_head(loss=RLE, score='sigma')
    tokens = make_tokens(2)
    losses = head.loss(tokens, samples)
    labels = [sample.gt_instance_labels for sample in samples]
    target = torch.cat([label.keypoint_labels for label in labels])
    weight = torch.cat([label.keypoint_weights for label in labels])[..., None]
    outputs = [head([cycle]) for cycle in tokens]
    expected = sum(head.loss_module(o.coordinate, o.raw_sigma, target, weight) for o in outputs)
    torch.testing.assert_close(losses['loss_kpt'], expected)
    losses['loss_kpt'].backward()
    assert (head.mlp[1].weight.grad[[0, 1, 3, 4]].abs().sum(1) > 0).all()
    assert not head.mlp[1].weight.grad[2].any()  # nothing trains the confidence here


def test_accuracy_is_that_of_the_deployed_first_cycle(samples):
    head, tokens = make_head(score='one'), make_tokens(2)
    right = head(tokens[:1]).coordinate.detach()
    for sample, coordinate in zip(samples, right, strict=True):
        sample.gt_instance_labels.keypoint_labels = coordinate[None]
    assert head.loss(tokens, samples)['acc_pose'] == 1
    assert head.loss(tokens[::-1], samples)['acc_pose'] < 1


@pytest.mark.parametrize('score', ['confidence', 'sigma', 'one'])
def test_scores(score, samples):
    head, tokens = make_head(score=score), make_tokens()
    output = head(tokens)
    expected = {
        'confidence': output.confidence[..., 0],
        'sigma': 1 - output.raw_sigma.sigmoid().mean(-1),
        'one': torch.ones(2, 3),
    }[score]
    for index, prediction in enumerate(head.predict(tokens, samples)):
        pixels = output.coordinate[index].detach().numpy() * [48, 64]
        np.testing.assert_allclose(prediction.keypoints, pixels[None], rtol=1e-6)
        scores = expected[index].detach().numpy()[None]
        np.testing.assert_allclose(prediction.keypoint_scores, scores, rtol=1e-6)


def test_flip_test_swaps_left_and_right_of_coordinates_and_confidences(samples):
    head, tokens, mirrored = make_head(), make_tokens(), make_tokens(2)[1:]
    original, other = head(tokens), head(mirrored)
    swapped = other.coordinate[:, FLIP_INDICES]
    x = (original.coordinate[..., 0] + 1 - swapped[..., 0] - 1 / 48) / 2
    y = (original.coordinate[..., 1] + swapped[..., 1]) / 2
    score = (original.confidence + other.confidence[:, FLIP_INDICES])[..., 0] / 2
    predictions = head.predict([tokens, mirrored], samples, test_cfg=dict(flip_test=True))
    for index, prediction in enumerate(predictions):
        expected = torch.stack([x[index] * 48, y[index] * 64], dim=-1).detach().numpy()
        np.testing.assert_allclose(prediction.keypoints[0], expected, rtol=1e-5)
        expected = score[index].detach().numpy()
        np.testing.assert_allclose(prediction.keypoint_scores[0], expected, rtol=1e-5)


def test_mirrored_predictions_of_mirrored_images_change_nothing(samples):
    """A perfectly equivariant model: its prediction on the mirrored image is the mirrored one."""
    head = make_head()
    prediction = torch.rand(2, 3, 3)
    mirrored = prediction[:, FLIP_INDICES].clone()
    mirrored[..., 0] = 1 - 1 / 48 - mirrored[..., 0]
    head.forward = lambda feats: RegressionOutput(feats[..., :2], feats[..., 2:], feats[..., :2])
    flipped = head.predict([prediction, mirrored], samples, test_cfg=dict(flip_test=True))
    for index, instance in enumerate(flipped):
        np.testing.assert_allclose(instance.keypoint_scores[0], prediction[index, :, 2], rtol=1e-6)
        expected = prediction[index, :, :2].numpy() * [48, 64]
        np.testing.assert_allclose(instance.keypoints[0], expected, rtol=1e-4)


def test_pooled_features_of_any_network(samples):
    torch.manual_seed(0)
    head = PooledRegressionHead(in_channels=6, num_joints=3, decoder=DECODER, score='one')
    feats = (torch.zeros(2, 4), torch.randn(2, 6))
    channels = head.fc(feats[-1]).view(2, 3, 5)
    torch.testing.assert_close(head(feats).coordinate, channels[..., :2].sigmoid())
    torch.testing.assert_close(head(feats).raw_sigma, channels[..., 3:])
    assert set(head.loss(feats, samples)) == {'loss_kpt', 'acc_pose'}


@pytest.mark.parametrize('loss', [None, RLE])
def test_autocast_computes_losses_in_float32(samples, loss):
    head = make_head(loss=loss, score='sigma') if loss else make_head(score='one')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        assert all(value.dtype == torch.float32 for value in head(make_tokens()))
        losses = head.loss(make_tokens(2), samples)
    assert all(value.isfinite() for value in losses.values())


def test_bad_settings():
    with pytest.raises(InputError, match="score='best' is none of confidence"):
        make_head(score='best')
    with pytest.raises(InputError, match=r'built for 3 keypoint tokens of width 8.*gives 4 of'):
        make_head()([Tokens(torch.zeros(2, 4, 8), torch.zeros(2, 4, 8))])
    with pytest.raises(InputError, match=r'is given feature maps: set model\.neck to'):
        make_head()((torch.zeros(2, 8, 4, 3),))
    with pytest.raises(InputError, match='num_joints=0'):
        TokenRegressionHead(8, 0, decoder=DECODER)
    with pytest.raises(InputError, match='decoder=None, but it must be a dict'):
        TokenRegressionHead(8, 3, decoder=None)


def test_pooled_features_of_another_width():
    head = PooledRegressionHead(6, 3, decoder=DECODER, score='one')
    with pytest.raises(InputError, match=r'built for 6 features, but is given 7\. Set head\.in_ch'):
        head((torch.zeros(2, 7),))
    with pytest.raises(InputError, match='in_channels=-6'):
        PooledRegressionHead(-6, 3, decoder=DECODER)
