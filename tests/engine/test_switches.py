# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The switches of docs/training.md, taken from the page. Moving averages: tests/tools."""

import re
import shlex
import shutil
from importlib.util import find_spec

import pytest
import torch
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.optim import OptimWrapper
from mmpose.registry import DATASETS, MODELS

from conftest import (
    CONFIGS,
    ROOT,
    TOY_CONFIG,
    assert_one_sentence,
    build_model,
    load_config,
    logged_records,
    train,
)
from sdpose.checkpoints.safe_loading import load_checkpoint_file

PAGE = (ROOT / 'docs/training.md').read_text()
SWITCHES = re.findall(r'^\| [^|]* \| `([^`]*=[^`]*)` \| [^|]* \|$', PAGE, re.M)
BACKBONES = re.findall(r'^\| `(dict.*)` \| (\d+) \| (\(.*\)) \| (\(.*\)) \| (\d+) \|$', PAGE, re.M)
assert (len(SWITCHES), len(BACKBONES)) == (11, 6)  # as many as the page has
EXTRAS = dict(Tensorboard='tensorboard', Wandb='wandb')
LITE = 'body_2d_keypoint/topdown_heatmap/coco/td-hm_litehrnet-18_8xb64-210e_coco-256x192.py'
FROZEN = [
    (dict(type='StemNet'), 0, 39),
    (dict(type='StemNet'), 1, 0),
    (load_config('sdpose-b').model.backbone, 3, 0),
    (dict(type='ResNet', depth=18), 4, 0),
]


@pytest.mark.parametrize('switch', SWITCHES)
def test_switch_of_the_page(switch, toy_coco, tmp_path, monkeypatch):
    monkeypatch.setenv('WANDB_MODE', 'offline')
    result = train(tmp_path, toy_coco, '--cfg-options', *shlex.split(switch), max_epochs=1)
    for name in (EXTRAS[each] for each in EXTRAS if each in switch):
        if find_spec(name) is None:
            assert_one_sentence(result, f'pip install {name}.')
            return
    assert result.returncode == 0, result.stderr
    assert ('grad_norm' in logged_records(tmp_path)[0]) == ('clip_grad' in switch)


def test_samples_and_crops_are_not_mirrored(toy_coco):
    cfg = Config.fromfile(TOY_CONFIG)
    options = (
        switch.split('=') for switch in SWITCHES if 'flip_test' in switch or 'prob' in switch
    )
    cfg.merge_from_dict({key: float(value == 'True') for key, value in options})
    cfg.train_dataloader.dataset.data_root = str(toy_coco)
    data_set = DATASETS.build(cfg.train_dataloader.dataset)
    assert not any(data_set[index % 4]['data_samples'].flip for index in range(20))
    model, sizes = build_model(cfg).eval(), []
    model.neck.register_forward_pre_hook(lambda _, args: sizes.append(len(args[0][-1])))
    model.predict(torch.zeros(1, 3, 128, 96), [data_set[0]['data_samples']])
    assert sizes == [1]


def test_accumulated_halves_give_the_gradient_of_the_whole():
    cfg = Config.fromfile(TOY_CONFIG)
    cfg.model.backbone.norm_eval = True
    model = build_model(cfg).train()
    images, targets = torch.randn(16, 3, 128, 96), torch.rand(16, 17, 32, 24)
    gradients = []
    for parts in ([slice(16)], [slice(8), slice(8, 16)]):
        wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.0), len(parts))
        wrapper.zero_grad()
        wrapper.zero_grad = lambda: None
        for part in parts:
            heatmaps = model.head(model.neck(model.backbone(images[part])))
            wrapper.update_params(((heatmaps - targets[part]) ** 2).mean())
        gradients.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    assert torch.allclose(*gradients, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize(('counts', 'images'), [(1, 4), (2, 8)])
def test_scaled_learning_rate_counts_accumulated_batches(counts, images, toy_coco, tmp_path):
    accumulation = f'optim_wrapper.accumulative_counts={counts}'
    options = ('--auto-scale-lr', '--no-validate', '--cfg-options', accumulation)
    assert train(tmp_path, toy_coco, *options, max_epochs=1).returncode == 0
    (group,) = load_checkpoint_file(tmp_path / 'epoch_1.pth')['optimizer']['param_groups']
    assert group['initial_lr'] == pytest.approx(2e-3 * images / 16)


@pytest.mark.parametrize(('backbone', 'stages', 'trained'), FROZEN)
def test_frozen_backbones_stay_as_they_are(backbone, stages, trained):
    backbone = MODELS.build({**backbone, 'frozen_stages': stages, 'init_cfg': None})
    backbone.train()
    moving = {name for name, parameter in backbone.named_parameters() if parameter.requires_grad}
    assert len(moving) == trained
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    backbone(torch.randn(2, 3, 64, 64))
    changed = [n for n, value in backbone.state_dict().items() if not torch.equal(value, before[n])]
    assert bool(changed) == bool(trained)
    assert all(name.startswith('layer1') for name in {*moving, *changed})


@pytest.mark.parametrize('row', BACKBONES, ids=lambda row: row[0][11:30])
def test_other_backbones(row):
    cfg = load_config('sdpose-s-v1')
    names = dict(
        _base_=Config.fromfile(CONFIGS / '_base_/models/hrnet_w32.py'),
        litehrnet_extra=get_config(f'mmpose::{LITE}').model.backbone.extra,
    )
    cfg.model.backbone, *neck, tokens = (eval(cell, names) for cell in row)
    keys = ('in_channels', 'feature_size', 'patch_size')
    cfg.model.neck.update(dict(zip(keys, neck, strict=True)), depth=1)
    model = build_model(cfg).train()
    cycles = model.neck(model.backbone(torch.randn(2, 3, 256, 192)))
    assert cycles[0].visual.shape[1] == tokens
    sum(each.sum() for cycle in cycles for each in cycle).backward()
    parts = [*model.backbone.named_parameters(), *model.neck.named_parameters()]
    assert not [name for name, p in parts if p.grad is None]  # DDP refuses them


def test_tensorboard_goes_on_at_the_right_step(toy_coco, tmp_path):
    events = pytest.importorskip('tensorboard.backend.event_processing.event_accumulator')
    (backends,) = (switch for switch in SWITCHES if 'Tensorboard' in switch)
    options = ('--cfg-options', *shlex.split(backends), 'default_hooks.logger.interval=1')
    curves = []
    for name, words in (('unbroken', options), ('broken', ('--resume', *options))):
        assert train(tmp_path / name, toy_coco, *words, max_epochs=2).returncode == 0
        (path,) = (tmp_path / name).glob('*/vis_data/events.*')
        found = events.EventAccumulator(str(path)).Reload()
        curves += [[(e.step, e.value) for e in found.Scalars(tag)] for tag in ('loss', 'coco/AP')]
        (tmp_path / 'broken').mkdir(exist_ok=True)
        shutil.copy(tmp_path / 'unbroken/epoch_1.pth', tmp_path / 'broken')
    losses, precisions, losses_after, precisions_after = curves
    assert [step for step, _ in losses] == list(range(1, len(losses) + 1))
    assert losses_after == losses[len(losses) // 2 :]
    assert [step for step, _ in precisions] == [1, 2]
    assert precisions_after == precisions[1:]
