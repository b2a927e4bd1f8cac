# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os
from copy import deepcopy
from pathlib import Path

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
    ('option', 'value'),
    [
        ('train_cfg.max_epochs', 1),
        ('model.neck.test_cycles', 1),  # a default of the class
        ('model.test_cfg.output_heatmaps', True),
        ('test_dataloader.dataset.bbox_file', 'boxes.json'),
        ('param_scheduler.0.end', 1),
        ('load_from', 'a.pth'),
        ('optim_wrapper.clip_grad.max_norm', 1),
        ('model.head.loss.use_target_weight', False),
        ('experiment_name', 'a'),
        ('find_unused_parameters', True),
        # defaults whose names resemble those of their neighbours
        ('default_hooks.checkpoint.save_last', False),
        ('default_hooks.checkpoint.save_begin', 1),
        ('train_dataloader.batch_sampler', None),
        ('optim_wrapper.optimizer.betas', (0.9, 0.99)),
    ],
)
def test_settings_are_accepted(option, value, told):
    merge_options(CONFIG, {option: value})
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
        ('lr', "the config has no setting 'lr'"),
        ('_delete_', "the config has no setting '_delete_'"),
        ('codec.sigma', 'codec is a variable of the config file, whose value has gone into other'),
        ('data_root', 'data_root is a variable of the config file'),
        ('', "--cfg-options '': there is a name missing in it"),
        ('model..neck', 'there is a name missing'),
        ('.model', 'there is a name missing'),
        ('model.', 'there is a name missing'),
    ],
)
def test_mistyped_settings_are_refused(option, message):
    with pytest.raises(InputError, match=message):
        merge_options(CONFIG, {option: 1})


def test_where_nobody_can_know_a_slip_is_a_warning(told):
    """``test_cfg`` is a plain dict, in which heads look for what they know."""
    merge_options(CONFIG, {'model.test_cfg.flip_tests': True})
    (message,) = told
    assert "no setting 'flip_tests'. Did you mean flip_test?" in message


@pytest.mark.parametrize(
    'options',
    [
        {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.dtype': 'float16'},
        {'optim_wrapper.type': 'AmpOptimWrapper', 'optim_wrapper.paramwise_cfg.norm_decay_mult': 0},
        {'model.backbone.type': 'ResNet', 'model.backbone.base_channels': 64},
        # what MMEngine takes out before it calls a class
        {'param_scheduler.0.convert_to_iter_based': True},
        {'default_hooks.logger.priority': 'LOW'},
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


@pytest.mark.parametrize(
    ('option', 'value', 'message'),
    [
        ('train_dataloader.dataset.pipeline.99.type', 'X', 'Index 99 exceeds the length of list'),
        ('train_dataloader.dataset.pipeline.-1.type', 'X', 'list indices must be integers'),
        ('train_dataloader.dataset.pipeline.x.type', 'X', 'list indices must be integers'),
        ('train_dataloader.dataset.pipeline.0', 5, "'int' object has no attribute"),
        ('model.neck.depth.x', 1, 'depth is a dict in the child config but is of type'),
        ('train_cfg.max_epochs', {'a': 1}, 'max_epochs is a dict in the child config'),
    ],
)
def test_options_that_do_not_fit_the_tree(option, value, message):
    with pytest.raises(InputError, match=message) as error:
        merge_options(CONFIG, {option: value})
    assert str(error.value).startswith(f'--cfg-options {option}: it does not fit the config: ')
    assert len(str(error.value)) < 300


def test_options_below_what_another_option_removes():
    with pytest.raises(InputError, match='model=None, but it must be a dict'):
        merge_options(CONFIG, {'model.neck.depth': 3, 'model': None})
    assert merge_options(CONFIG, {'model.neck.depth': 3, 'model.neck': None}).model.neck is None


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


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        ('a.py', 'model = dict(', r"cannot be read: SyntaxError: .*'\(' was never closed"),
        ('a.py', 'exit(0)', 'a.py cannot be read: SystemExit: 0'),
        ('a.py', '1 / 0', 'a.py cannot be read: ZeroDivisionError: division by zero'),
        ('a.py', 'custom_imports = dict(imports=["nope"])', 'Failed to import custom modules'),
        ('a.py', 'custom_imports = 5', 'argument after \\*\\* must be a mapping, not int'),
        ('a.py', '_base_ = 5', 'a.py cannot be read: TypeError'),
        ('a.py', "_base_ = './nope.py'", r'a\.py, _base_: There is no config .*nope\.py\.$'),
        ('a.py', "_base_ = './a.py'", r'a\.py, _base_: it leads back to .*a\.py'),
        ('a.py', "_base_ = './folder'", r'_base_: .*folder is a folder, not a config'),
        ('a.py', "_base_ = './pipe.py'", r'_base_: .*pipe\.py is a pipe or a device'),
        ('a.py', "_base_ = 'mmpose::nope.py'", 'a.py cannot be read: ValueError'),
        ('a.py', 'a = {}\na["a"] = a', 'a.py cannot be read: RecursionError'),
        ('a.py', '\0', r'cannot be read: \w+Error: .* cannot contain null bytes'),
        ('a.json', '[1]', 'a.json cannot be read'),
        ('a.json', '[' * 100_000, 'a.json cannot be read: RecursionError'),
        ('a.yaml', 'a: [', 'a.yaml cannot be read: ParserError'),
        ('a.yml', '5', 'a.yml cannot be read'),
    ],
)
def test_broken_configs_are_one_sentence(name, text, message, tmp_path):
    (tmp_path / 'folder').mkdir()
    os.mkfifo(tmp_path / 'pipe.py')
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_config(str(tmp_path / name))
    assert '\n' not in str(error.value)


def test_what_is_no_file_is_not_read(tmp_path):
    os.mkfifo(tmp_path / 'pipe.py')
    (tmp_path / 'link.py').symlink_to('nowhere.py')
    for path, message in (
        (tmp_path / 'pipe.py', 'is a pipe or a device'),
        (tmp_path / 'link.py', 'is a link to nowhere.py, which is not there'),
        (tmp_path, 'is a folder, not a config. Configs .* come before other files'),
        (Path('/dev/zero'), 'is a pipe or a device'),
        (Path('a' * 5000 + '.py'), 'File name too long'),
    ):
        with pytest.raises(InputError, match=message):
            load_config(str(path))


def test_yaml_is_read_as_data_only(tmp_path):
    """MMEngine's own reader would run the command."""
    hostile = f'model: !!python/object/apply:os.system ["touch {tmp_path}/ran"]'
    (tmp_path / 'base.yaml').write_text(hostile)
    (tmp_path / 'a.py').write_text("_base_ = './base.yaml'")
    for name in ('base.yaml', 'a.py'):
        with pytest.raises(InputError, match='could not determine a constructor for the tag'):
            load_config(str(tmp_path / name))
    assert not (tmp_path / 'ran').exists()
    (tmp_path / 'base.yaml').write_text('model: {type: A, sizes: [1, 2]}')
    assert load_config(str(tmp_path / 'a.py')).model.sizes == [1, 2]
