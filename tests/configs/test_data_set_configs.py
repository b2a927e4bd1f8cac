# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""MPII, AI Challenger and Halpe: what their configs read, and what the metric makes of it."""

import pytest
import torch
from made_up_data import UNLABELLED
from mmengine.config import Config
from mmengine.evaluator import Evaluator
from mmengine.structures import InstanceData
from mmpose.registry import DATASETS, MODELS
from test_all_configs import use_data_roots

from conftest import CONFIGS
from sdpose.models.tokens import Tokens


def load(data, data_roots):
    (path,) = CONFIGS.glob(f'tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_{data}-256x*.py')
    cfg = Config.fromfile(path)
    use_data_roots(cfg, data_roots)
    return cfg


@pytest.mark.parametrize(
    ('data', 'best'),
    [
        ('mpii', {'PCK': 100, 'PCK@0.1': 100, 'Head PCK': 100, 'Ankle PCK': 100}),
        ('halpe26', {'PCK': 1, 'AUC': 0.95}),  # the first of its 20 thresholds is 0
        ('coco-aic', {'coco/AP': 1, 'coco/AR': 1}),
    ],
)
@pytest.mark.parametrize('pixels_off', [0, 1000])
def test_predictions_that_are_the_ground_truth(data, best, pixels_off, data_roots):
    cfg = load(data, data_roots)
    cfg.test_dataloader.dataset.pop('bbox_file', None)  # detected boxes have no ground truth
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    evaluator = Evaluator(cfg.test_evaluator)
    evaluator.dataset_meta = dataset.metainfo
    for index in range(len(dataset)):
        sample = dataset[index]['data_samples']
        # MMPose's metric of MPII takes predictions for counted from 0, and joints from 1
        found = sample.gt_instances.keypoints - (data == 'mpii') + pixels_off
        scores = torch.ones(found.shape[:2]).numpy()
        sample.pred_instances = InstanceData(keypoints=found, keypoint_scores=scores)
        evaluator.process([sample])
    metrics = evaluator.evaluate(len(dataset))
    expected = {name: 0 if pixels_off else value for name, value in best.items()}
    assert {name: float(metrics[name]) for name in best} == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(('data', 'count'), [('halpe26', 26), ('coco-aic', 12)])
def test_converted_keypoints_keep_their_names(data, count, data_roots):
    dataset = DATASETS.build(load(data, data_roots).train_dataloader.dataset)
    (converter,) = dataset.datasets[-1].pipeline.transforms
    source, target = (each.metainfo['keypoint_id2name'] for each in (dataset.datasets[-1], dataset))
    names = {source[a]: target[b] for a, b in converter.mapping}
    assert len(names) == count
    assert all(name == converted for name, converted in names.items())


@pytest.mark.parametrize('flipped', [False, True])
def test_ai_challenger_teaches_coco_s_limbs_alone(flipped, data_roots):
    cfg = load('coco-aic', data_roots)
    steps = [dict(step) for step in cfg.train_pipeline if 'Random' not in step.type]
    steps.insert(2, dict(type='QuickRandomFlip', prob=float(flipped)))
    dataset = DATASETS.build(dict(cfg.train_dataloader.dataset, pipeline=steps))
    sample = dataset[len(dataset) - 1]['data_samples']
    assert sample.dataset_name == 'aic'
    (converter,) = dataset.datasets[1].pipeline.transforms
    labelled = {b for a, b in converter.mapping if a != UNLABELLED}
    if flipped:
        labelled = {dataset.metainfo['flip_indices'][index] for index in labelled}
    expected = [float(index in labelled) for index in range(17)]
    assert sample.gt_instance_labels.keypoint_weights.tolist() == [expected]

    head = MODELS.build(cfg.model.head)
    tokens = Tokens(torch.randn(1, 17, 192, requires_grad=True), torch.zeros(1, 256, 192))
    head.loss((tokens,), [sample], {})['loss_kpt'].backward()
    assert tokens.keypoint.grad.any(-1).float().tolist() == [expected]
