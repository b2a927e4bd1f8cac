# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import sys

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import get_state_dict
from mmengine.structures import BaseDataElement

from sdpose.checkpoints.compatibility import load_strictly
from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.classification import CycledDeiT
from sdpose.errors import InputError

TINY = dict(img_size=32, patch_size=8, embed_dim=32, depth=2, num_heads=2)
TOKEN_LOSS = dict(type='TokenDistillationLoss', keypoint_weight=2.0, visual_weight=3.0)
NEEDS_TIMM = 'timm or torchvision is not installed: pip install --no-deps -r requirements/deit.txt'


@pytest.fixture(scope='module')
def timm():
    return pytest.importorskip('timm', reason=NEEDS_TIMM, exc_type=ImportError)


def build(**options):
    torch.manual_seed(0)
    options = dict(num_classes=5, timm_options=TINY) | options
    model = CycledDeiT('deit_tiny_patch16_224', **options)
    with torch.no_grad():  # tokens and biases begin at or near 0, where much goes unnoticed
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter), alpha=0.1)
    return model


def make_batch(size=4, num_classes=5):
    generator = torch.Generator().manual_seed(1)
    labels = torch.arange(size) % num_classes
    samples = [BaseDataElement(gt_label=label[None]) for label in labels]
    return torch.randn(size, 3, 32, 32, generator=generator), samples, labels


def test_with_one_cycle_it_is_timms_own_model(timm):
    model = build().eval()
    theirs = timm.create_model('deit_tiny_patch16_224', num_classes=5, **TINY).eval()
    theirs.load_state_dict(model.state_dict(), strict=True)
    images, *_ = make_batch()
    with torch.no_grad():
        assert torch.equal(model(images), theirs(images))
        assert not torch.equal(model(images)[0], model(images)[1])


def test_full_size_deit_tiny_is_timms_own_model(timm):
    theirs = timm.create_model('deit_tiny_patch16_224').eval()
    model = CycledDeiT('deit_tiny_patch16_224').eval()
    model.load_state_dict(theirs.state_dict(), strict=True)
    images = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert torch.equal(model(images), theirs(images))
    assert sum(parameter.numel() for parameter in model.parameters()) == 5_717_416


def test_cycles_go_through_the_same_blocks_and_continue_with_the_tokens(timm):
    model = build(num_cycles=3, test_cycles=2)
    one_cycle = build()
    assert [tuple(p.shape) for p in model.parameters()] == [
        tuple(p.shape) for p in one_cycle.parameters()
    ]
    images, *_ = make_batch()
    with torch.no_grad():
        first, second, third = model.train().cycles(images)
        assert first.shape == (4, 1 + 16, 32)
        torch.testing.assert_close(first, one_cycle.train().cycles(images)[0])
        torch.testing.assert_close(second, model.vit.blocks(first))
        torch.testing.assert_close(third, model.vit.blocks(second))
        assert not torch.allclose(second, third)

        model.eval()
        assert len(model.cycles(images)) == 2
        expected = model.vit.head(model.vit.norm(second)[:, 0])
        torch.testing.assert_close(model(images), expected)
        model.test_cycles = 1
        torch.testing.assert_close(model(images), one_cycle.eval()(images))


def test_loss_is_the_sum_over_cycles_and_later_cycles_teach(timm):
    model = build(num_cycles=2, token_loss=TOKEN_LOSS)
    images, samples, labels = make_batch()
    losses = model(images, samples, mode='loss')
    first, second = model.cycles(images)
    entropy = F.cross_entropy(model.classify(first), labels)
    entropy = entropy + F.cross_entropy(model.classify(second), labels)
    torch.testing.assert_close(losses['loss_cls'], entropy)
    difference = (first - second) ** 2
    torch.testing.assert_close(losses['loss_cls_token'], 2 * difference[:, 0].mean())
    torch.testing.assert_close(losses['loss_patch_token'], 3 * difference[:, 1:].mean())
    assert set(losses) == {'loss_cls', 'loss_cls_token', 'loss_patch_token'}

    without = build(num_cycles=2)(images, samples, mode='loss')
    assert set(without) == {'loss_cls'}
    torch.testing.assert_close(without['loss_cls'], losses['loss_cls'])


def test_without_distillation_the_last_cycle_alone_may_be_trained(timm):
    model = build(num_cycles=2, supervised_cycles='last')
    images, samples, labels = make_batch()
    losses = model(images, samples, mode='loss')
    _, last = model.cycles(images)
    assert set(losses) == {'loss_cls'}
    torch.testing.assert_close(losses['loss_cls'], F.cross_entropy(model.classify(last), labels))
    with pytest.raises(InputError, match="supervised_cycles='first', but it must be one of all"):
        build(num_cycles=2, supervised_cycles='first')


def test_every_weight_gets_a_gradient(timm):
    model = build(num_cycles=2, token_loss=TOKEN_LOSS, mixup=dict(mixup_alpha=0.8))
    images, samples, _ = make_batch()
    sum(model(images, samples, mode='loss').values()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), name


def test_mixup_smooths_and_mixes_the_labels(timm):
    images, samples, labels = make_batch()
    smoothed = build(mixup=dict(mixup_alpha=1.0, prob=0.0, label_smoothing=0.2))
    loss = smoothed(images.clone(), samples, mode='loss')['loss_cls']
    with torch.no_grad():
        expected = F.cross_entropy(smoothed(images), labels, label_smoothing=0.2)
    torch.testing.assert_close(loss, expected)

    torch.manual_seed(0)
    mixed = images.clone()
    build(mixup=dict(mixup_alpha=1.0, label_smoothing=0.0))(mixed, samples, mode='loss')
    share = ((mixed - images.flip(0)) / (images - images.flip(0))).mean()
    assert 0 < share < 1
    torch.testing.assert_close(mixed, share * images + (1 - share) * images.flip(0))


def test_prediction(timm):
    model = build().eval()
    images, samples, _ = make_batch()
    with torch.no_grad():
        predicted = model(images, samples, mode='predict')
        logits = model(images)
    for sample, of_image, given in zip(predicted, logits, samples, strict=True):
        assert sample is given
        torch.testing.assert_close(sample.pred_scores, of_image.softmax(0))
        assert sample.pred_label.tolist() == [int(of_image.argmax())]
    assert len(model(images, mode='predict')) == 4


@pytest.mark.parametrize('layout', ['bare', 'deit', 'safetensors', 'mmengine'])
def test_published_weights_load_unchanged(timm, tmp_path, layout):
    theirs = timm.create_model('deit_tiny_patch16_224', num_classes=5, **TINY)
    path = tmp_path / ('weights' + ('.safetensors' if layout == 'safetensors' else '.pth'))
    state = theirs.state_dict()
    if layout == 'safetensors':
        from safetensors.torch import save_file

        save_file(state, path)
    else:
        wrapped = dict(bare=state, deit=dict(model=state), mmengine=dict(state_dict=state, meta={}))
        torch.save(wrapped[layout], path)
    model = build(num_cycles=2)
    load_strictly(model, load_checkpoint_file(path), str(path))
    model = build(num_cycles=2)
    load_checkpoint(model, str(path), strict=True)  # MMEngine's own loading, as the Runner uses
    for name, weights in theirs.state_dict().items():
        assert torch.equal(model.state_dict()[name], weights), name


def test_saved_weights_have_timms_names(timm):
    model = build()
    theirs = timm.create_model('deit_tiny_patch16_224', num_classes=5, **TINY)
    assert list(get_state_dict(model)) == list(theirs.state_dict())  # MMEngine's own saving
    assert next(iter(torch.nn.ModuleDict(dict(a=model)).state_dict())) == 'a.cls_token'


def test_foreign_weights_are_named_as_timm_names_them(timm):
    state = build().state_dict()
    state['surplus'] = state.pop('head.bias')
    with pytest.raises(InputError, match=r'head\.bias is missing in it; surplus is not part'):
        load_strictly(build(), state, 'weights.pth')


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(num_cycles=0), r'num_cycles=0'),
        (dict(test_cycles=0), r'test_cycles=0'),
        (dict(num_cycles=1.5), r'num_cycles=1\.5'),
        (dict(num_classes=0), r'CycledDeiT: num_classes=0, but it must be a whole number'),
        (dict(timm_options=dict(depth=-2)), r'timm_options\.depth=-2'),
        (dict(mixup=dict(mixup_alpha=-1)), r'mixup\.mixup_alpha=-1'),
        (dict(mixup=5), r'mixup=5, but it must be a dict or None'),
        (dict(token_loss=TOKEN_LOSS), r'set model\.num_cycles to 2'),
    ],
)
def test_impossible_settings(timm, options, message):
    with pytest.raises(InputError, match=message):
        build(**options)


@pytest.mark.parametrize(
    ('name', 'message'),
    [
        ('deit_tinny_patch16_224', 'Did you mean deit_tiny_patch16_224'),
        ('resnet18', 'resnet18 .* is not a vision transformer'),
    ],
)
def test_other_architecture(timm, name, message):
    with pytest.raises(InputError, match=message):
        CycledDeiT(name)


def test_label_out_of_range_and_odd_batch(timm):
    images, samples, _ = make_batch(size=3)
    samples[0].gt_label += 5
    with pytest.raises(InputError, match=r'label 5, but model\.num_classes=5'):
        build()(images, samples, mode='loss')
    samples[0].gt_label -= 5
    with pytest.raises(InputError, match='drop_last=True'):
        build(mixup=dict(mixup_alpha=0.8))(images, samples, mode='loss')


def test_missing_timm_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, 'timm', None)
    with pytest.raises(InputError, match='pip install --no-deps timm'):
        CycledDeiT('deit_tiny_patch16_224')
