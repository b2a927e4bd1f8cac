# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import copy

import pytest
import torch
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from conftest import CONFIGS, build_model, load_config
from sdpose.errors import InputError
from sdpose.models import TokenDistillationLoss
from sdpose.models.losses.simulated_heatmap_loss import simulate_heatmaps

NAME = 'distilpose-toy'


@pytest.fixture(scope='module')
def teacher_checkpoint(tmp_path_factory):
    """A checkpoint of the toy teacher, with weights that make its heatmaps differ from zero."""
    model = build_model(load_config('tokenpose-toy'))
    path = tmp_path_factory.mktemp('teacher') / 'teacher.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.fixture
def config(teacher_checkpoint):
    cfg = load_config(NAME)
    cfg.model.teacher.checkpoint = str(teacher_checkpoint)
    return cfg


def build(cfg):
    torch.manual_seed(0)
    return MODELS.build(cfg.model)


def teach_by(cfg, teacher):
    """Let a teacher with random weights teach."""
    cfg.model.teacher = dict(config=str(teacher), checkpoint=None)
    cfg.model.allow_random_teacher = True


def make_batch(size=(128, 96), num_keypoints=17):
    generator = torch.Generator().manual_seed(3)
    weights = torch.ones(1, num_keypoints)
    weights[0, 5] = 0
    samples = [
        PoseDataSample(
            gt_instance_labels=InstanceData(
                keypoint_labels=torch.rand(1, num_keypoints, 2, generator=generator),
                keypoint_weights=weights,
            )
        )
        for _ in range(2)
    ]
    return torch.randn(2, 3, *size, generator=generator), samples


def test_losses_are_those_of_the_paper(config):
    model = build(config)
    images, samples = make_batch()
    losses = model(images, samples, mode='loss')
    teacher = model.teacher.model
    assert losses['loss_kpt'] > 0
    (tokens,), (teacher_tokens,) = model.extract_feat(images), teacher.extract_feat(images)
    token_losses = TokenDistillationLoss(5e-4, 5e-4)(tokens, teacher_tokens)
    for name, value in token_losses.items():
        torch.testing.assert_close(losses[name], value)
    output, heatmaps = model.head((tokens,)), teacher.head((teacher_tokens,))
    labelled = [index for index in range(17) if index != 5]
    error = simulate_heatmaps(output.coordinate, output.sigma, (32, 24)) - heatmaps
    expected = error[:, labelled].square().sum() / error.numel()
    torch.testing.assert_close(losses['loss_heatmap'], expected)
    assert losses['loss_confidence'] > 0
    total, _ = model.parse_losses(losses)
    parts = sum(losses[name] for name in losses if name.startswith('loss'))
    torch.testing.assert_close(total, parts)


@pytest.mark.parametrize('missing', ['token_loss', 'simulated_heatmap_loss', 'confidence_loss'])
def test_each_loss_can_be_left_out(config, missing):
    whole = set(build(config)(*make_batch(), mode='loss'))
    config.model[missing] = None
    if missing == 'confidence_loss':
        config.model.head.score = 'one'
    names = set(build(config)(*make_batch(), mode='loss'))
    own = {
        'token_loss': {'loss_kpt_token', 'loss_vis_token'},
        'simulated_heatmap_loss': {'loss_heatmap'},
        'confidence_loss': {'loss_confidence'},
    }
    assert whole - names == own[missing]


def test_without_any_teacher_loss_no_teacher_is_needed():
    cfg = load_config(NAME)
    losses = dict(token_loss=None, simulated_heatmap_loss=None, confidence_loss=None)
    cfg.model.update(losses, head=dict(cfg.model.head, score='one'))
    assert set(build(cfg)(*make_batch(), mode='loss')) == {'loss_kpt', 'acc_pose'}


def test_teacher_is_frozen_and_no_part_of_the_student(config):
    model, plain = build(config), build_model(load_config('distilpose-toy-student'))
    model.init_weights()  # which loads the teacher
    assert set(model.state_dict()) == set(plain.state_dict())
    names = [name for name, _ in plain.named_parameters()]
    assert [name for name, _ in model.named_parameters()] == names
    assert len(list(model.modules())) == len(list(plain.modules())) + 3  # the three losses
    optimizer = build_optim_wrapper(model, config.optim_wrapper).optimizer
    assert sum(len(group['params']) for group in optimizer.param_groups) == len(names)

    model.train()
    teacher = model.teacher.model
    assert not any(module.training for module in teacher.modules())
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    loss, _ = model.parse_losses(model(*make_batch(), mode='loss'))
    loss.backward()
    assert not any(p.requires_grad or p.grad is not None for p in teacher.parameters())
    assert all(torch.equal(value, before[name]) for name, value in teacher.state_dict().items())


def test_teacher_follows_the_student_to_other_devices_and_types(config):
    model = build(config)
    model.init_weights()  # which loads the teacher
    model.to(torch.float64)
    assert {p.dtype for p in model.teacher.model.parameters()} == {torch.float64}
    model.to('meta')  # a device that exists without a GPU
    assert {p.device.type for p in model.teacher.model.parameters()} == {'meta'}


def test_teacher_that_is_loaded_late_comes_to_the_student(config):
    model = build(config).to(torch.float64)
    assert {p.dtype for p in model.teacher.model.parameters()} == {torch.float64}


def test_autocast(config):
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = build(config)(*make_batch(), mode='loss')
    assert all(value.isfinite() for value in losses.values())


def test_without_a_teacher_a_student_is_not_trained():
    student = build_model(load_config('distilpose-toy-student'))
    with pytest.raises(InputError, match=r"head\.score='confidence' needs the"):
        student(*make_batch(), mode='loss')


def test_copies_share_the_teacher(config):
    model = build(config)
    model.init_weights()  # which loads the teacher
    copied = copy.deepcopy(model)
    assert copied.teacher is model.teacher
    assert copied.head is not model.head


def test_student_starts_the_same_with_and_without_its_teacher(config):
    plain = load_config('distilpose-toy-student')
    states = []
    for cfg in (config, plain):
        model = build(cfg)
        model.init_weights()
        states.append(model.state_dict())
    assert all(torch.equal(value, states[1][name]) for name, value in states[0].items())


def test_large_student_starts_from_its_teachers_backbone(tmp_path):
    cfg = load_config('distilpose-l')
    teacher_cfg = Config.fromfile(cfg.model.teacher.config)
    teacher = build_model(teacher_cfg)
    path = tmp_path / 'teacher.pth'
    torch.save(dict(state_dict=teacher.state_dict()), path)
    assert cfg.model.backbone.init_cfg.checkpoint == cfg.model.teacher.checkpoint
    cfg.model.backbone.init_cfg.checkpoint = str(path)
    model = build(cfg)
    model.backbone.init_weights()
    theirs = teacher.backbone.state_dict()
    for name, value in model.backbone.state_dict().items():
        assert torch.equal(value, theirs[name]), name


def test_any_cnn_learns_from_any_heatmap_model():
    cfg = load_config('deeppose-r50-distilled')
    model = build_model(cfg)
    images, samples = make_batch(size=(256, 192))
    losses = model(images, samples, mode='loss')
    assert set(losses) == {'loss_kpt', 'loss_heatmap', 'acc_pose'}
    assert type(model.teacher.model.backbone).__name__ == 'ResNet'
    assert model.teacher(images).heatmap.shape == (2, 17, 64, 48)
    assert model.teacher(images).tokens is None


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'teacher.config': 'nowhere.py'}, 'There is no config nowhere.py'),
        (
            {'teacher.checkpoint': 'nowhere.pth'},
            r'no teacher checkpoint nowhere.pth. Train the teacher first: python tools/train.py '
            r'configs/tokenpose/td-hm_tokenpose-toy_.*allow_random_teacher',
        ),
        ({'head.decoder.input_size': (48, 64)}, r'reads images of \(48, 64\).*of \(96, 128\)'),
        ({'data_preprocessor.mean': [1, 2, 3]}, 'normalize images differently'),
        ({'data_preprocessor.bgr_to_rgb': False}, 'normalize images differently'),
        ({'teacher.config': str(CONFIGS / '_base_/default_runtime.py')}, 'has no model'),
        (
            {'teacher.config': str(next(CONFIGS.rglob('td-hm_tokenpose-s-v1_8xb64-300e_coco*')))},
            'teacher checkpoint .* belongs to another model',
        ),
    ],
)
def test_wrong_teachers_stop_before_training(config, changes, message):
    config.merge_from_dict({f'model.{key}': value for key, value in changes.items()})
    with pytest.raises(InputError, match=message):
        build(config).init_weights()


def test_teacher_that_is_no_heatmap_model(config):
    (path,) = CONFIGS.rglob('td-reg_distilpose-toy-student_*.py')
    teach_by(config, path)
    with pytest.raises(InputError, match=r'td-reg_distilpose-toy-student.* is no heatmap model'):
        build(config)(*make_batch(), mode='loss')


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(num_keypoints=14), '17 keypoint tokens of width 128, its teacher 14 of 128'),
        (dict(dim=64), '17 keypoint tokens of width 128, its teacher 17 of 64'),
        (dict(patch_size=(2, 3)), '64 visual tokens of width 128, its teacher 128 of 128'),
    ],
)
def test_token_loss_needs_equal_tokens(config, changes, message, tmp_path):
    (base,) = CONFIGS.rglob('td-hm_tokenpose-toy_*.py')
    heads = dict(num_keypoints='out_channels', dim='in_channels')
    head = {heads[key]: value for key, value in changes.items() if key in heads}
    path = tmp_path / 'teacher.py'
    path.write_text(f"_base_ = '{base}'\nmodel = dict(neck={changes!r}, head={head!r})\n")
    teach_by(config, path)
    with pytest.raises(InputError, match=message):
        build(config)(*make_batch(), mode='loss')


def test_other_losses_need_equal_keypoints_only(config, tmp_path):
    (base,) = CONFIGS.rglob('td-hm_tokenpose-toy_*.py')
    path = tmp_path / 'teacher.py'
    model = dict(neck=dict(num_keypoints=14, dim=64), head=dict(out_channels=14, in_channels=64))
    path.write_text(f"_base_ = '{base}'\nmodel = {model!r}\n")
    teach_by(config, path)
    config.model.token_loss = None
    with pytest.raises(InputError, match=r'predicts 17 keypoints, but its teacher has .* of 14'):
        build(config)(*make_batch(), mode='loss')
    path.write_text(
        f"_base_ = '{base}'\nmodel = dict(neck=dict(dim=64), head=dict(in_channels=64))\n"
    )
    assert 'loss_heatmap' in build(config)(*make_batch(), mode='loss')


def test_wrong_students(config):
    config.model.neck.num_cycles = 2
    with pytest.raises(InputError, match='student of one cycle'):
        build(config)
    config.model.confidence_loss = None
    with pytest.raises(InputError, match='needs the confidence_loss of a DistilPose'):
        build(config)
    config.model.head = load_config('tokenpose-toy').model.head
    with pytest.raises(InputError, match='not TokenHeatmapHead'):
        build(config)
