# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from copy import deepcopy

import pytest
from mmengine.config import Config

from conftest import TOY_CONFIG
from sdpose.engine.config_file import (
    load_config,
    merge_options,
    replace_data_root,
)
from sdpose.errors import InputError

CONFIG = Config.fromfile(TOY_CONFIG)


@pytest.fixture
def told(monkeypatch):
    """What is logged."""
    messages = []
    monkeypatch.setattr(
        'sdpose.engine.config_file.print_log', lambda message, *_: messages.append(message)
    )
    return messages


def test_options_are_merged_into_a_copy():
    before = deepcopy(CONFIG.to_dict())
    changed = merge_options(CONFIG, {'model.neck.num_cycles': 5, 'param_scheduler.0.end': 7})
    assert (changed.model.neck.num_cycles, changed.param_scheduler[0].end) == (5, 7)
    assert CONFIG.to_dict() == before
    with pytest.raises(InputError, match=r'--cfg-options param_scheduler\.9\.end: .*9'):
        merge_options(CONFIG, {'param_scheduler.9.end': 1})


@pytest.mark.parametrize(
    'option',
    [
        'train_cfg.max_epochs',
        'model.neck.test_cycles',  # a default of the class
        'model.test_cfg.output_heatmaps',
        'test_dataloader.dataset.bbox_file',
        'param_scheduler.0.end',
        'load_from',
        'optim_wrapper.clip_grad.max_norm',
        'model.head.loss.use_target_weight',
        'experiment_name',
        # defaults whose names resemble those of their neighbours
        'default_hooks.checkpoint.save_last',
        'default_hooks.checkpoint.save_begin',
        'train_dataloader.batch_sampler',
        'optim_wrapper.optimizer.betas',
    ],
)
def test_settings_are_accepted(option, told):
    merge_options(CONFIG, {option: 1})
    assert told == []


@pytest.mark.parametrize(
    ('option', 'message'),
    [
        ('trian_cfg.max_epochs', "no setting 'trian_cfg'. Did you mean train_cfg?"),
        ('train_cfg.max_epoch', "train_cfg has no setting 'max_epoch'. Did you mean max_epochs?"),
        ('model.nekc.num_cycles', "model has no setting 'nekc'. Did you mean neck?"),
        ('model.neck.test_cycle', "model.neck has no setting 'test_cycle'. Did you mean"),
        ('train_dataloader.batch_sizes', 'Did you mean batch_size?'),
        ('default_hooks.checkpoint.save_bst', 'Did you mean save_best?'),
        ('optim_wrapper.optimizer.weight_decy', 'Did you mean weight_decay?'),
    ],
)
def test_mistyped_settings_are_refused(option, message):
    with pytest.raises(InputError, match=message):
        merge_options(CONFIG, {option: 1})


def test_where_nobody_can_know_a_slip_is_a_warning(told):
    """``test_cfg`` is a plain dict, in which heads look for what they know."""
    merge_options(CONFIG, {'model.test_cfg.flip_tests': 1})
    (message,) = told
    assert "no setting 'flip_tests'. Did you mean flip_test?" in message


@pytest.mark.parametrize(
    'options',
    [
        {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'float16'},
        {'model.backbone.type': 'ResNet', 'model.backbone.base_channels': 64},
    ],
)
def test_a_new_type_brings_its_own_settings(options, told):
    merge_options(CONFIG, options)
    assert told == []


def test_data_root_replaces_every_path():
    cfg = deepcopy(CONFIG)
    replace_data_root(cfg, '/elsewhere')
    assert cfg.train_dataloader.dataset.data_root == '/elsewhere/'
    assert cfg.test_dataloader.dataset.data_root == '/elsewhere/'
    assert CONFIG.data_root not in str(cfg.to_dict())


@pytest.mark.parametrize('slash', ['', '/'])
def test_data_root_leaves_folders_that_only_begin_alike(slash):
    paths = dict(root=f'data/coco{slash}', file='data/coco/a.json', other='data/coco_extra/a.json')
    cfg = Config(dict(data_root=f'data/coco{slash}', paths=paths))
    replace_data_root(cfg, '/new/')
    expected = dict(root=f'/new{slash}', file='/new/a.json', other='data/coco_extra/a.json')
    assert cfg.paths == expected
    with pytest.raises(InputError, match='this one has none'):
        replace_data_root(Config(dict(paths=paths)), '/new')


def test_config_that_does_not_exist_or_is_broken(tmp_path, monkeypatch):
    monkeypatch.chdir(TOY_CONFIG.parents[2])
    near_miss = str(TOY_CONFIG.name).replace('toy-coco', 'toy_coco')
    with pytest.raises(InputError, match=f'There is no config.*Did you mean {TOY_CONFIG.name}'):
        load_config(near_miss)
    broken = tmp_path / 'broken.py'
    broken.write_text('model = dict(')
    with pytest.raises(InputError, match=r'broken\.py cannot be read: SyntaxError'):
        load_config(str(broken))
    (tmp_path / 'photo.jpg').touch()
    with pytest.raises(InputError, match=r'photo\.jpg is no config file'):
        load_config(str(tmp_path / 'photo.jpg'))
