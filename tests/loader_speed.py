# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Persons a second that one process loads: MMPose's steps, and ours, in turns.

``OMP_NUM_THREADS=1 python tests/loader_speed.py DATA_ROOT [REPEATS]``, with data in COCO's layout.
"""

import sys
import time

import cv2
import numpy as np
from mmengine.config import Config
from mmengine.registry import init_default_scope

import sdpose.plugin  # noqa: F401

# isort: split
from mmpose.registry import DATASETS
from plain_reference import stock_pipeline

OURS = 'configs/_base_/datasets/coco_256x192.py'


def seconds_a_person(dataset, order):
    """CPU time, as other programs may run."""
    np.random.seed(0)
    start = time.process_time()
    for index in order:
        dataset[index]
    return (time.process_time() - start) / len(order)


def main(data_root, repeats=7):
    """Print a line for each way."""
    cv2.setNumThreads(0)
    init_default_scope('mmpose')
    cfg = Config.fromfile(OURS)
    ways = {}
    for phase, pipeline in dict(train=cfg.train_pipeline, val=cfg.val_pipeline).items():
        settings = {**cfg[f'{phase}_dataloader'].dataset, 'data_root': data_root}
        if phase == 'val':
            settings['bbox_file'] = None
        for name, steps in (('MMPose', stock_pipeline(pipeline, cfg.codec)), ('ours', pipeline)):
            dataset = DATASETS.build({**settings, 'pipeline': steps})
            order = np.arange(len(dataset))
            ways[phase, name, 'by picture'] = dataset, order.tolist()
            if phase == 'train':
                shuffled = np.random.default_rng(0).permutation(order)
                ways[phase, name, 'shuffled'] = dataset, shuffled.tolist()
    seconds = {way: [] for way in ways}
    for _ in range(int(repeats)):
        for way, (dataset, order) in ways.items():
            seconds[way].append(seconds_a_person(dataset, order))
    for way, found in seconds.items():
        median = np.median(found)
        print(f'{", ".join(way)}: {1e3 * median:.2f} ms, {1 / median:.0f} persons/s')


if __name__ == '__main__':
    main(*sys.argv[1:])
