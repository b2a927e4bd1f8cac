# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The plain reference gives what our models give, in testing and in training."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS

from conftest import build_model, load_config
from sdpose.engine.config_file import replace_data_root

CONFIGS = sorted((Path(__file__).parent / 'plain').glob('plain_*.py'))


@pytest.fixture(params=CONFIGS, ids=lambda path: path.stem)
def models(request):
    """Our model and its plain reference, with the same weights, and the reference's config."""
    name = request.param.stem.removeprefix('plain_')
    ours, plain = load_config(name), Config.fromfile(request.param)
    for each in (ours, plain):
        each.model.neck.depth = 2
    cfg, ours, plain = plain, build_model(ours), build_model(plain)
    plain.load_state_dict(ours.state_dict())
    return ours, plain, cfg


def load_batch(cfg, loader, data_root):
    replace_data_root(cfg, str(data_root))
    np.random.seed(0)
    dataset = DATASETS.build(cfg[f'{loader}_dataloader'].dataset)
    return pseudo_collate([dataset[index] for index in range(2)])


def test_heatmaps_and_coordinates_are_ours(models):
    ours, plain, cfg = models
    width, height = cfg.codec.input_size
    images = torch.randn(2, 3, height, width, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        found, expected = (model.eval()(images, None) for model in (plain, ours))
    if not isinstance(found, torch.Tensor):
        found, expected = (torch.cat(output, dim=-1) for output in (found, expected))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)


def test_scores_of_the_flip_test_are_ours(models, toy_coco):
    ours, plain, cfg = models
    assert plain.test_cfg.flip_test
    batch = load_batch(cfg, 'test', toy_coco)
    scores = []
    for model in (plain, ours):
        with torch.no_grad():
            samples = model.eval().test_step(batch)
        scores.append([sample.pred_instances.keypoint_scores for sample in samples])
    np.testing.assert_allclose(*scores, atol=1e-5)


def test_losses_and_gradients_are_ours(models, toy_coco):
    ours, plain, cfg = models
    batch = load_batch(cfg, 'train', toy_coco)
    losses, gradients = [], []
    for model in (plain, ours):
        samples = model.data_preprocessor(batch, training=True)
        model.train().double()  # batch norms of two images make much of rounding
        images = samples['inputs'].double()
        loss, logged = model.parse_losses(model(images, samples['data_samples'], mode='loss'))
        loss.backward()
        losses.append(logged)
        gradients.append([parameter.grad for parameter in model.parameters()])
    torch.testing.assert_close(*losses, rtol=1e-5, atol=1e-5, check_dtype=False)
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-5)
