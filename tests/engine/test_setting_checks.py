# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Every wrong value is told by its name; no config of MMPose's is refused."""

import re
from copy import deepcopy
from pathlib import Path

import mmpose
import pytest
from mmengine.config import Config

from conftest import TOY_CONFIG
from sdpose.engine.config_file import load_config, merge_options
from sdpose.engine.setting_checks import RULES, check_setting, check_settings, checked
from sdpose.errors import InputError
from sdpose.models import ConfidenceLoss, TokenDistillationLoss

CONFIG = Config.fromfile(TOY_CONFIG)
INF, NAN = float('inf'), float('nan')
PIPELINE = 'train_dataloader.dataset.pipeline'
WRONG = {
    # training
    'train_cfg.max_epochs': (-3, 1.5, None, 'x', True, [1], 2**40),
    'train_cfg.val_interval': (0, -1, 0.5, None),
    'train_cfg.val_begin': (-4, 'x'),
    'train_cfg.by_epoch': (5,),
    'train_cfg': (5, [1], 'x'),
    'train_dataloader.batch_size': (None, 0, -1, 2.5, 'x'),
    'train_dataloader.num_workers': (-1, None, 10**6, 'x'),
    'train_dataloader.persistent_workers': ('no', 1, None),
    'train_dataloader.prefetch_factor': (0,),
    'train_dataloader': (5, [1]),
    'train_dataloader.dataset': (None, 5),
    'train_dataloader.sampler': (5,),
    'optim_wrapper': (5,),
    'optim_wrapper.accumulative_counts': (0, 1.5),
    'optim_wrapper.clip_grad': (5,),
    'optim_wrapper.clip_grad.max_norm': (0, -1, NAN),
    'optim_wrapper.optimizer': (5, None),
    'optim_wrapper.optimizer.lr': (0, -1, INF, NAN, 'x', None),
    'optim_wrapper.optimizer.weight_decay': (-1, NAN),
    'optim_wrapper.optimizer.betas': (5, (0.9,)),
    'param_scheduler': (5,),
    'param_scheduler.0.begin': (-1,),
    'param_scheduler.0.end': (-5, NAN),
    'param_scheduler.0.start_factor': (0, 2),
    'param_scheduler.1.T_max': (0, -1),
    'param_scheduler.1.eta_min': (-1, NAN),
    'auto_scale_lr.base_batch_size': (0, 1.5),
    'auto_scale_lr.enable': ('no',),
    'randomness': (5, None),
    'randomness.seed': (-1, 2**32, 1.5, 'x'),
    'randomness.deterministic': (5,),
    'default_hooks': (5,),
    'default_hooks.checkpoint.interval': (0, -5, 1.5, None),
    'default_hooks.checkpoint.max_keep_ckpts': (0, -2, 'x'),
    'default_hooks.checkpoint.save_best': (5,),
    'default_hooks.logger.interval': (0,),
    'custom_hooks': (5, [5]),
    'log_processor.window_size': (0, -1),
    'work_dir': (5, None),
    'load_from': (5,),
    'resume': ('x', 5),
    'experiment_name': (5,),
    'val_evaluator': (5,),
    'val_evaluator.nms_thr': (-5, 2),
    # data
    f'{PIPELINE}': (5, [5]),
    f'{PIPELINE}.1.padding': (0, -1, NAN),
    f'{PIPELINE}.2.prob': (5, -0.1),
    f'{PIPELINE}.3.scale_factor': (0, [0, 1], [NAN, 1]),
    f'{PIPELINE}.3.rotate_factor': (-5, NAN),
    f'{PIPELINE}.3.shift_prob': (2,),
    f'{PIPELINE}.4.input_size': (5, [0, 0], [96], [96, 128.5], [10**5, 10**5]),
    f'{PIPELINE}.5.encoder.input_size': (5, [0, 0], [96]),
    'train_dataloader.dataset.data_root': (5,),
    'train_dataloader.dataset.ann_file': (5,),
    'train_dataloader.dataset.data_prefix': (5,),
    # model
    'model': (None, 5, [1], 'x'),
    'model.head': (None, 5),
    'model.backbone': (None, 5),
    'model.neck': (5,),
    'model.data_preprocessor': (5, None),
    'model.test_cfg.flip_mode': ('x',),
    'test_evaluator.iou_type': ('x',),
    'model.data_preprocessor.std': ([0, 0, 0], 5, [-1, 1, 1], [NAN, 1, 1]),
    'model.data_preprocessor.mean': ([NAN, 0, 0], [INF, 0, 0], ['x', 0, 0]),
    'model.data_preprocessor.bgr_to_rgb': ('maybe',),
    'model.test_cfg': (5,),
    'model.test_cfg.flip_test': (5, 'no'),
    'model.backbone.stem_channels': (0, -1, 1.5),
    'model.backbone.num_blocks': (0, None),
    'model.neck.depth': (-2, 0, 1.5, None, 'x', True, [1, 2], 10**9),
    'model.neck.num_cycles': (0, -1, 1.5, 10**6),
    'model.neck.test_cycles': (0,),
    'model.neck.patch_size': ([0, 0], 5, [4, 3, 2], 'x'),
    'model.neck.feature_size': ([32], [-1, 24]),
    'model.neck.dim': (0, 1.5),
    'model.neck.num_heads': (0, -1),
    'model.neck.num_keypoints': (0,),
    'model.neck.mlp_ratio': (0, -1, NAN, 'x'),
    'model.neck.pruning': (5,),
    'model.neck.pruning.keep_ratio': (0, 1, 2, 'x'),
    'model.head.loss': (5, None),
    'model.head.loss.loss_weight': (-1, NAN),
    'model.head.token_loss': (5,),
    'model.head.token_loss.keypoint_weight': (-1, INF, None),
    'model.head.token_loss.detach_teacher': ('no',),
    'model.head.supervised_cycles': (5,),
    'model.head.decoder.sigma': (0, -1, NAN, 'x'),
    'model.head.decoder.heatmap_size': ([0, 0],),
    'model.head.decoder.unbiased': ('no',),
    'model.head.decoder.blur_kernel_size': (4, 0, 2.5),
}


@pytest.mark.parametrize(
    ('key', 'value'), [(key, value) for key, values in WRONG.items() for value in values]
)
def test_a_wrong_value_is_told_by_its_name(key, value):
    message = rf'^--cfg-options {re.escape(key)}(\.\d)?=.*, but it must be [^=]+\.$'
    with pytest.raises(InputError, match=message):
        merge_options(CONFIG, {key: value})


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        ('train_cfg = dict(max_epochs=-3)', 'train_cfg.max_epochs=-3, but it must be a whole '),
        ('model = dict(neck=dict(depth=-2))', 'model.neck.depth=-2, but it must be a whole number'),
        ('model = dict(data_preprocessor=dict(std=[0, 0, 0]))', 'std.0=0, but it must be a finite'),
        ('train_dataloader = dict(batch_size=None)', 'train_dataloader.batch_size=None, but'),
        ('model = None', 'model=None, but it must be a dict'),
        ('param_scheduler = 5', 'param_scheduler=5, but it must be a dict or a list or None'),
    ],
)
def test_a_wrong_value_in_a_file_names_the_file(settings, message, tmp_path):
    path = tmp_path / 'config.py'
    path.write_text(f'_base_ = {str(TOY_CONFIG)!r}\n{settings}\n')
    with pytest.raises(InputError) as error:
        merge_options(load_config(str(path)), {'randomness.seed': 1})
    assert str(error.value).startswith(f'{path}: ')
    assert message in str(error.value)


@pytest.mark.parametrize(
    ('key', 'value'),
    [
        ('train_cfg.max_epochs', 0),
        ('train_cfg.max_epochs', 1e2),
        ('param_scheduler.0.end', 0.5 * 210),
        ('param_scheduler.0.end', 10**9),  # MMEngine's infinity
        ('optim_wrapper.clip_grad.max_norm', INF),  # measures only
        ('default_hooks.checkpoint.interval', -1),
        ('default_hooks.checkpoint.max_keep_ckpts', -1),
        ('default_hooks.checkpoint.save_best', ['coco/AP']),
        ('default_hooks.checkpoint', None),
        ('randomness.seed', None),
        ('randomness.seed', 2**32 - 1),
        ('model.test_cfg', None),
        ('model.backbone.init_cfg', [dict(type='Normal', std=0, layer='Conv2d')]),
        ('model.head.loss.loss_weight', 0),
        ('train_dataloader.sampler', None),
        ('train_dataloader.dataset.indices', 5),
        ('val_evaluator', [dict(type='CocoMetric')]),
        ('custom_hooks', [dict(type='EMAHook', momentum=0.0002)]),
    ],
)
def test_a_legal_value_is_not_refused(key, value):
    node = merge_options(CONFIG, {key: value})
    for step in key.split('.'):
        node = node[int(step) if step.isdigit() else step]
    assert node == value


@pytest.mark.parametrize(
    'key',
    [
        'model.head.decoder.input_size',
        f'{PIPELINE}.4.input_size',
        f'{PIPELINE}.5.encoder.input_size',
        'test_dataloader.dataset.pipeline.2.input_size',
    ],
)
def test_codecs_know_the_size_of_the_crops(key):
    with pytest.raises(InputError, match=r'input_size=.* but it must be .*input_size=') as error:
        merge_options(CONFIG, {key: [48, 64]})
    assert f'{key}=[48, 64]' in str(error.value)
    assert '=(96, 128)' in str(error.value)


def test_variables_that_nothing_reads_may_be_anything():
    cfg = deepcopy(CONFIG)
    cfg.depth, cfg.batch_size, cfg.codec = 'large', None, 5
    merged = merge_options(cfg, {})
    assert (merged.depth, merged.batch_size, merged.codec) == ('large', None, 5)


@pytest.mark.slow
def test_no_config_of_mmpose_is_refused():
    """Those of ours are built in tests/configs."""
    paths = sorted((Path(mmpose.__file__).parent / '.mim/configs').rglob('*.py'))
    assert len(paths) > 400
    for path in paths:
        if 'edpose' not in path.name:  # its base is for MMDetection
            check_settings(Config.fromfile(path), {}, path.name)


class Layered:
    @checked
    def __init__(self, depth: int, sigma: float = 1.0, head: dict | None = None, **others):
        self.depth = depth


@pytest.mark.parametrize(
    ('arguments', 'settings', 'message'),
    [
        ((-2,), {}, 'Layered: depth=-2, but it must be a whole number from 1 to 1000.'),
        ((1, 0), {}, 'Layered: sigma=0, but it must be a finite number above 0.'),
        ((1,), dict(head=dict(lr=-1)), 'Layered: head.lr=-1, but it must be a finite number above'),
        ((1,), dict(mean=[NAN]), 'Layered: mean.0=nan, but it must be a finite number.'),
    ],
)
def test_constructors_hold_their_arguments_to_the_same_rules(arguments, settings, message):
    with pytest.raises(InputError, match=f'^{re.escape(message)}'):
        Layered(*arguments, **settings)


def test_a_checked_constructor_is_called_as_before():
    assert Layered(2, sigma=3, anything='x').depth == 2
    with pytest.raises(TypeError, match='depth'):
        Layered()


def test_models_are_held_to_their_type_hints_too():
    with pytest.raises(InputError, match=r'^ConfidenceLoss: loss_weight=None, but .* a number\.$'):
        ConfidenceLoss(None)
    with pytest.raises(InputError, match=r'^TokenDistillationLoss: detach_teacher=1, .* or False'):
        TokenDistillationLoss(detach_teacher=1)


def test_one_setting():
    assert check_setting('test_cycles', 3) == 3
    with pytest.raises(InputError, match=r'^test_cycles=0, but .* at least one cycle must run\.$'):
        check_setting('test_cycles', 0)


def test_no_rule_takes_true_for_a_number():
    flags = {name for name, rule in RULES.items() if rule.accepts(True)}
    assert {'flip_test', 'by_epoch'} <= flags
    assert not any(RULES[name].accepts(1) for name in flags)
