# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Every config of DeiT builds, trains one step with a gradient everywhere, and predicts."""

import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmengine.optim import build_optim_wrapper
from mmpose.registry import DATASETS, MODELS

from conftest import CONFIGS, call_tool
from sdpose.engine.config_file import merge_options, replace_data_root

pytest.importorskip(
    'timm',
    reason='timm is not installed: pip install --no-deps -r requirements/deit.txt',
    exc_type=ImportError,
)
BASELINE, TWO_CYCLES, SDPOSE, TOY = (
    CONFIGS / 'deit' / f'cls_{name}.py'
    for name in (
        'deit-tiny_8xb128-300e_imagenet',
        'deit-tiny-2cycle_8xb128-300e_imagenet',
        'sdpose-deit-tiny_8xb128-300e_imagenet',
        'sdpose-deit-toy_1xb32-30e_toy-shapes-32',
    )
)
CONFIG_FILES = sorted((CONFIGS / 'deit').glob('*.py'))


@pytest.fixture(scope='module')
def shapes(tmp_path_factory):
    folder = tmp_path_factory.mktemp('data') / 'shapes'
    options = ('--images', 2, '--val-images', 2)
    result = call_tool('tools/dataset/make_toy_shapes.py', folder, *options)
    assert result.returncode == 0, result.stderr
    return folder


def make_batch(dataloader):
    dataset = DATASETS.build(dataloader.dataset)
    return pseudo_collate([dataset[index] for index in (0, 2)])


def test_nothing_is_left_out():
    assert sorted([BASELINE, TWO_CYCLES, SDPOSE, TOY]) == CONFIG_FILES


@pytest.mark.parametrize('path', CONFIG_FILES, ids=lambda path: path.stem)
def test_config(path, shapes):
    cfg = merge_options(Config.fromfile(path), {})  # checks its values
    replace_data_root(cfg, str(shapes))
    torch.manual_seed(0)
    model = MODELS.build(cfg.model)
    model.init_weights()
    # stochastic depth would leave a block without a gradient in one step of a hundred
    for module in model.modules():
        if hasattr(module, 'drop_prob'):
            module.drop_prob = 0.0

    model.train()
    batch = model.data_preprocessor(make_batch(cfg.train_dataloader), training=True)
    loss, logged = model.parse_losses(model(**batch, mode='loss'))
    assert loss.isfinite()
    assert loss > 0
    assert ('loss_cls_token' in logged) == ('token_loss' in cfg.model)
    optim_wrapper = build_optim_wrapper(model, cfg.optim_wrapper)
    optim_wrapper.backward(loss)
    for name, parameter in model.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.any(), f'{name} has no gradient'
    optim_wrapper.step()
    assert all(parameter.isfinite().all() for parameter in model.parameters())

    model.eval()
    batch = model.data_preprocessor(make_batch(cfg.test_dataloader), training=False)
    with torch.no_grad():
        samples = model(**batch, mode='predict')
    for sample in samples:
        assert sample.pred_scores.shape == (cfg.model.num_classes,)
        torch.testing.assert_close(sample.pred_scores.sum(), torch.tensor(1.0))


def test_the_three_rows_of_the_table_differ_by_the_idea_alone():
    baseline = Config.fromfile(BASELINE).to_dict()
    two_cycles = Config.fromfile(TWO_CYCLES).to_dict()
    sdpose = Config.fromfile(SDPOSE).to_dict()
    assert two_cycles['model'].pop('num_cycles') == 2
    assert two_cycles['model'].pop('test_cycles') == 2
    assert two_cycles['model'].pop('supervised_cycles') == 'last'
    assert two_cycles == baseline
    assert sdpose['model'].pop('num_cycles') == 2
    assert sdpose['model'].pop('token_loss') == dict(type='TokenDistillationLoss')
    assert sdpose == baseline


def test_recipe_is_deits():
    cfg = Config.fromfile(BASELINE)
    assert cfg.optim_wrapper.optimizer.lr == 5e-4 * cfg.auto_scale_lr.base_batch_size / 512
    assert cfg.auto_scale_lr.base_batch_size == 8 * cfg.train_dataloader.batch_size
    assert cfg.data_root == 'data/imagenet/'


def test_weight_decay_spares_biases_norms_positions_and_the_class_token():
    cfg = Config.fromfile(TOY)
    model = MODELS.build(cfg.model)
    optimizer = build_optim_wrapper(model, cfg.optim_wrapper).optimizer
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    decay = {
        names[id(parameter)]: group['weight_decay']
        for group in optimizer.param_groups
        for parameter in group['params']
    }
    assert len(decay) == len(names)
    spared = {name for name, value in decay.items() if value == 0}
    assert {'vit.cls_token', 'vit.pos_embed', 'vit.norm.weight', 'vit.head.bias'} <= spared
    decayed = {name for name, value in decay.items() if value == 0.05}
    assert decayed == set(decay) - spared
    assert decayed == {
        name
        for name in decay
        if name.endswith(('qkv.weight', 'proj.weight', 'fc1.weight', 'fc2.weight', 'head.weight'))
    }
