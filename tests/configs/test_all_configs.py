# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Every config file builds, trains one step with a gradient everywhere, and predicts."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmpose.registry import DATASETS
from torch.nn.modules.batchnorm import _BatchNorm

from conftest import CONFIG_FILES, CONFIGS, build_model, load_config
from sdpose.checkpoints.compatibility import split_fitting
from sdpose.engine.config_file import merge_options, replace_data_root
from sdpose.errors import InputError
from sdpose.models.inference import prepare_for_inference


def make_batch(dataloader, size=1):
    dataset = DATASETS.build(dataloader.dataset)
    torch.manual_seed(0)
    np.random.seed(0)
    return pseudo_collate([dataset[index] for index in range(size)])


def use_data_roots(cfg, data_roots):
    """Let a config read small data sets, also where it trains on several."""
    replace_data_root(cfg, str(data_roots[cfg.dataset_type]))
    for dataset in cfg.train_dataloader.dataset.get('datasets', []):
        dataset.data_root = str(data_roots[dataset.type])


@pytest.mark.parametrize('path', CONFIG_FILES, ids=lambda path: str(path.relative_to(CONFIGS)))
def test_config(path, data_roots):
    cfg = merge_options(Config.fromfile(path), {})  # checks its values
    use_data_roots(cfg, data_roots)
    model = build_model(cfg)
    model.init_weights()
    for module in model.modules():
        if isinstance(module, _BatchNorm):  # ResNet's blocks start as identity: no gradient inside
            torch.nn.init.ones_(module.weight)

    model.train()
    batch = model.data_preprocessor(make_batch(cfg.train_dataloader), training=True)
    assert not any('gt_fields' in sample for sample in batch['data_samples'])  # heads draw them
    if '-student_' in path.name:  # it tests what its teacher's config has trained
        with pytest.raises(InputError, match='train the config that has a teacher'):
            model(**batch, mode='loss')
        return
    loss, logged = model.parse_losses(model(**batch, mode='loss'))
    assert loss.isfinite()
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    optim_wrapper.backward(loss)
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, f'{name} is not used'
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), f'{name} has no gradient'
    optim_wrapper.step()
    assert all(parameter.isfinite().all() for parameter in model.parameters())
    assert set(logged) == {'loss', *expected_losses(cfg.model), 'acc_pose'}
    assert 0 <= logged['acc_pose'] <= 1

    model.eval()
    batch = model.data_preprocessor(make_batch(cfg.test_dataloader), training=False)
    with torch.no_grad():
        samples = model(**batch, mode='predict')
    for sample in samples:
        keypoints = sample.pred_instances.keypoints
        assert keypoints.shape == (1, len(sample.metainfo['flip_indices']), 2)
        assert np.isfinite(keypoints).all()
        assert sample.pred_instances.keypoint_scores.shape == keypoints.shape[:2]

    with torch.no_grad():
        expected = outputs_of(model, batch)
        prepare_for_inference(model)
        for found, wanted in zip(outputs_of(model, batch), expected, strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-5)
    assert not any(isinstance(module, _BatchNorm) for module in model.modules())


def outputs_of(model, batch):
    """Heatmaps, or the channels of a regression."""
    outputs = model.head(model.extract_feat(batch['inputs']))
    return [outputs] if isinstance(outputs, torch.Tensor) else list(outputs)


def expected_losses(model):
    """The losses that a model's config asks for."""
    names = {'loss_kpt'}
    if model.get('token_loss') or model.head.get('token_loss'):
        names |= {'loss_kpt_token', 'loss_vis_token'}
    if model.get('simulated_heatmap_loss') or model.head.get('auxiliary_head'):
        names.add('loss_heatmap')
    if model.get('confidence_loss'):
        names.add('loss_confidence')
    return names


def test_sdpose_differs_from_its_baseline_by_the_idea_alone():
    pairs = {
        'sdpose-s-v1': 'tokenpose-s-v1',
        'sdpose-s-v2': 'tokenpose-s-v2',
        'sdpose-b': 'tokenpose-b',
        'sdpose-t-v2': 'tokenpose-t',
        'sdpose-toy': 'tokenpose-toy',
        'sdpose-reg': 'tokenreg-rle',
        'sdpose-reg-toy': 'tokenreg-rle-toy',
    }
    for name, baseline in pairs.items():
        cfg = load_config(name).to_dict()
        assert cfg['model']['neck'].pop('num_cycles') == 2
        assert cfg['model']['head'].pop('token_loss') == dict(type='TokenDistillationLoss')
        assert cfg == load_config(baseline).to_dict()


def test_the_original_recipe_differs_as_its_authors_say():
    cfg, ours = (load_config(f'tokenpose-s-v1{name}').to_dict() for name in ('-original', ''))
    assert cfg['model']['neck'].pop('attention_scale') == 'dim'
    assert cfg['model']['test_cfg'].pop('shift_heatmap') is False
    assert ours['model']['test_cfg'].pop('shift_heatmap') is True
    assert cfg['model'] == ours['model']
    assert cfg['optim_wrapper'] == ours['optim_wrapper']
    assert (
        cfg['auto_scale_lr']['base_batch_size'] == 128 == 4 * cfg['train_dataloader']['batch_size']
    )
    assert cfg['param_scheduler'] == ours['param_scheduler'][1:]
    assert ours['param_scheduler'][0]['type'] == 'LinearLR'
    for ours_step, step in zip(ours['train_pipeline'], cfg['train_pipeline'], strict=True):
        expected = dict(shift_prob=0) if step['type'] == 'QuickRandomBBoxTransform' else {}
        assert step == ours_step | expected


def test_ppt_has_the_schedule_of_its_own_code_and_sdpose_prunes_from_the_first_step():
    schedule = [dict(type='KeepRatioHook', begin=10, end=110)]
    for path in CONFIG_FILES:
        cfg = Config.fromfile(path)
        if cfg.model.get('neck', {}).get('pruning'):
            assert cfg.model.neck.pruning == dict(keep_ratio=0.7, layers=(3, 6, 9))
            assert cfg.custom_hooks == (schedule if path.parent.name == 'ppt' else [])


# What is distilled -> the losses' weights: keypoint and visual tokens, heatmaps, confidence
TABLE_4 = {
    'baseline': (),
    'table4-confidence': (0, 0, 0, 1e-2),
    'table4-heatmap': (0, 0, 1, 0),
    'table4-heatmap-confidence': (0, 0, 1, 1e-2),
    'table4-keypoint-tokens': (5e-4, 0, 0, 0),
    'table4-visual-tokens': (0, 5e-4, 0, 0),
    'table4-tokens': (5e-4, 5e-4, 0, 0),
}


@pytest.mark.parametrize('name', TABLE_4)
def test_rows_of_distilposes_table_4(name):
    model = load_config(f'distilpose-s-{name}').model
    token, heatmap, confidence = (
        model.get(f'{kind}_loss') or {} for kind in ('token', 'simulated_heatmap', 'confidence')
    )
    weights = [token.get(f'{kind}_weight', 0) for kind in ('keypoint', 'visual')]
    weights += [loss.get('loss_weight', 0) for loss in (heatmap, confidence)]
    assert tuple(weights) == (TABLE_4[name] or (0, 0, 0, 0))
    assert model.head.get('score', 'confidence') == ('confidence' if confidence else 'one')
    assert not list(CONFIGS.rglob('*table4-token-heatmap*'))


@pytest.mark.parametrize('student', ['s', 'l'])
def test_teachers_of_distilposes_table_5(student):
    cfg = load_config(f'distilpose-{student}-table5-teacher-stemnet')
    whole = load_config(f'distilpose-{student}')
    for config, backbone in ((cfg, 'StemNet'), (whole, 'HRNet')):
        teacher = Config.fromfile(config.model.teacher.config)
        assert teacher.model.backbone.type == backbone
        (step,) = (
            step
            for step in teacher.train_dataloader.dataset.pipeline
            if step.type == 'QuickRandomBBoxTransform'
        )
        assert step == dict(
            type='QuickRandomBBoxTransform', shift_prob=0, rotate_factor=80, scale_factor=(0.5, 1.5)
        )
    for config in (cfg.model, whole.model):
        config.pop('teacher'), config.backbone.pop('init_cfg', None)
    assert cfg.model == whole.model
    assert cfg.train_pipeline == whole.train_pipeline


def test_deeppose_is_taught_by_simulated_heatmaps_alone():
    cfg, alone = (load_config(f'deeppose-r50-{name}') for name in ('distilled', 'baseline'))
    assert cfg.model.pop('simulated_heatmap_loss').loss_weight == 1
    assert cfg.model.pop('token_loss') is cfg.model.pop('confidence_loss') is None
    assert cfg.model.pop('teacher').config.startswith('mmpose::')
    assert cfg.model.pop('type') == 'DistilPose'
    alone.model.pop('type')
    assert cfg.model == alone.model
    assert cfg.train_dataloader == alone.train_dataloader


@pytest.mark.parametrize('name', ['distilpose-s', 'distilpose-l', 'distilpose-toy'])
def test_distilpose_differs_from_its_student_by_the_teacher_alone(name):
    cfg, student = (load_config(n).to_dict() for n in (name, f'{name}-student'))
    assert cfg['model'].pop('type') == 'DistilPose'
    assert set(cfg['model'].pop('teacher')) == {'config', 'checkpoint'}
    assert cfg['model'].pop('token_loss')['keypoint_weight'] == 5e-4
    assert cfg['model'].pop('simulated_heatmap_loss')['loss_weight'] == 1
    assert cfg['model'].pop('confidence_loss')['loss_weight'] == 1e-2
    assert student['model'].pop('type') == 'TokenPoseEstimator'
    for model in (cfg['model'], student['model']):  # L starts from its teacher's backbone
        model['backbone'].pop('init_cfg', None)
    for key in student:
        assert cfg[key] == student[key], key
    baseline = load_config(f'{name}-baseline').to_dict()
    assert baseline['model']['head'].pop('score') == 'one'
    baseline['model'].pop('type'), baseline['model']['backbone'].pop('init_cfg', None)
    assert baseline == student


def test_crowdpose_configs_differ_from_coco_by_the_data_set_alone():
    paths = list(CONFIGS.rglob('td-*crowdpose-*.py'))
    assert len(paths) == 5
    for path in paths:
        cfg, coco = (Config.fromfile(p) for p in (path, str(path).replace('crowdpose-', 'coco-')))
        assert cfg.model.neck.pop('num_keypoints') == cfg.model.head.pop('out_channels') == 14
        coco.model.neck.pop('num_keypoints'), coco.model.head.pop('out_channels')
        for name in ('model', 'train_pipeline', 'val_pipeline', 'optim_wrapper', 'param_scheduler'):
            assert cfg[name] == coco[name]


def test_coco_configs_have_the_published_schedule():
    for path in CONFIG_FILES:
        if '8xb64-300e_coco' in path.name:
            cfg = Config.fromfile(path)
            assert cfg.train_dataloader.batch_size == 64
            assert cfg.auto_scale_lr.base_batch_size == 512
            assert cfg.train_cfg.max_epochs == 300
            assert cfg.optim_wrapper.optimizer == dict(type='Adam', lr=1e-3)
            assert cfg.data_root == 'data/coco/'


def test_heatmap_auxiliary_training_adds_a_head():
    cfg, alone = (load_config(f'distilpose-s-{name}') for name in ('auxiliary', 'baseline'))
    head = cfg.model.head.pop('auxiliary_head')
    assert head == dict(
        type='TokenHeatmapHead', in_channels=192, out_channels=17, decoder=cfg.codec
    )
    assert cfg.model == alone.model
    assert cfg.train_dataloader == alone.train_dataloader


def test_the_pretrained_student_takes_all_but_its_last_layer():
    cfg = load_config('distilpose-s-pretrained')
    (path,) = CONFIGS.rglob(f'{Path(cfg.load_from).parent.name}.py')
    heatmap_model = build_model(Config.fromfile(path))
    fitting, others = split_fitting(
        build_model(cfg), dict(state_dict=heatmap_model.state_dict()), 'heatmaps'
    )
    assert others == ['head.mlp.1.weight', 'head.mlp.1.bias']
    assert {'neck.keypoint_tokens', 'neck.layers.11.mlp.2.bias', 'head.mlp.0.bias'} <= set(fitting)
