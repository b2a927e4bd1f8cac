# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmpose.datasets.transforms import RandomBBoxTransform, RandomFlip
from mmpose.registry import DATASETS

from conftest import CONFIGS
from sdpose.transforms import QuickRandomBBoxTransform, QuickRandomFlip

STOCK = {
    'LoadImageOnce': 'LoadImage',
    'QuickRandomFlip': 'RandomFlip',
    'QuickRandomBBoxTransform': 'RandomBBoxTransform',
}


@pytest.mark.parametrize('name', ['coco_256x192', 'toy_coco_128x96'])
def test_samples_are_those_of_mmposes_pipeline_to_the_last_bit(name, toy_coco):
    config = Config.fromfile(CONFIGS / f'_base_/datasets/{name}.py').train_dataloader.dataset
    common = {**config, 'data_root': str(toy_coco)}
    stock = [{**step, 'type': STOCK.get(step.type, step.type)} for step in config.pipeline]
    assert stock != config.pipeline
    ours, stock = (DATASETS.build({**common, 'pipeline': p}) for p in (config.pipeline, stock))
    flips = set()
    for index in range(24):
        samples = []
        for dataset in (ours, stock):
            np.random.seed(index)
            samples.append(dataset[index // 2])
        found, expected = samples
        assert torch.equal(found['inputs'], expected['inputs'])
        found, expected = (sample['data_samples'] for sample in samples)
        assert found.flip == expected.flip
        assert np.array_equal(found.input_center, expected.input_center)
        assert np.array_equal(found.input_scale, expected.input_scale)
        for key, labels in expected.gt_instance_labels.items():
            assert torch.equal(found.gt_instance_labels[key], labels), key
        flips.add(found.flip)
    assert flips == {False, True}


@pytest.mark.parametrize('direction', ['horizontal', 'vertical', 'diagonal'])
def test_pictures_are_mirrored_in_each_direction(direction):
    image = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    found, expected = (
        flip(prob=1.0, direction=direction).transform({'img': image.copy(), 'img_shape': (5, 7)})
        for flip in (QuickRandomFlip, RandomFlip)
    )
    assert np.array_equal(found['img'], expected['img'])
    assert found['img'].flags.c_contiguous


@pytest.mark.parametrize('size', [(1, 4), (3, 4), ()])
def test_random_numbers_are_those_of_scipy_stats(size):
    for seed in range(100):
        drawn = []
        for step in (QuickRandomBBoxTransform, RandomBBoxTransform):
            np.random.seed(seed)
            drawn.append((step._truncnorm(size=size), np.random.rand()))
        assert np.array_equal(drawn[0][0], drawn[1][0])
        assert drawn[0][1] == drawn[1][1]
