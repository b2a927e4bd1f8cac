# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Data sets whose annotations are not COCO's train and validate through our tools.

By MMPose's own configs, and by ours.
"""

import numpy as np
import pytest
from made_up_data import make_aic, make_halpe, make_mpii, make_wholebody

from conftest import CONFIGS, call_tool, logged_records

MMPOSE = 'mmpose::{}_2d_keypoint/topdown_heatmap/{}/td-hm_res50_8xb64-210e_{}.py'
MPII = MMPOSE.format('body', 'mpii', 'mpii-256x256')
WHOLEBODY = MMPOSE.format('wholebody', 'coco-wholebody', 'coco-wholebody-256x192')
OURS = CONFIGS / 'sdpose/td-hm_sdpose-s-v1_8xb64-300e'
SMALL = (
    *('train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2'),
    *('train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False'),
    *('val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False'),
    'default_hooks.logger.interval=1',
)
SMALL_RESNET = (
    *('model.backbone.depth=18', 'model.backbone.init_cfg=None', 'model.head.in_channels=512'),
)


def train(config, data_root, work_dir, *options):
    result = call_tool(
        'tools/train.py', config, '--data-root', data_root,
        '--work-dir', work_dir, '--cfg-options', *SMALL, *options,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (work_dir / 'epoch_1.pth').is_file()
    records = logged_records(work_dir)
    assert any(np.isfinite(record.get('loss', np.nan)) for record in records)
    return {name for record in records for name in record}


@pytest.mark.parametrize(
    ('config', 'make', 'metric', 'options'),
    [
        (MPII, make_mpii, 'PCK', SMALL_RESNET),
        (
            *(WHOLEBODY, make_wholebody, 'coco-wholebody/AP'),
            (*SMALL_RESNET, *(f'{p}_dataloader.dataset.bbox_file=None' for p in ('val', 'test'))),
        ),
        (f'{OURS}_mpii-256x256.py', make_mpii, 'PCK@0.1', ['model.neck.depth=1']),
        pytest.param(
            *(f'{OURS}_halpe26-256x192.py', make_halpe, 'AUC', ['model.neck.depth=1']),
            marks=pytest.mark.slow,
        ),
    ],
    ids=['mmpose-mpii', 'mmpose-wholebody', 'mpii', 'halpe26'],
)
def test_training_and_validation(config, make, metric, options, tmp_path):
    make(tmp_path / 'data')
    assert metric in train(config, tmp_path / 'data', tmp_path / 'run', *options)


def test_coco_with_ai_challenger(toy_coco, tmp_path):
    make_aic(tmp_path / 'aic')
    second = f'train_dataloader.dataset.datasets.1.data_root={tmp_path}/aic'  # as documented
    options = (second, 'model.neck.depth=1')
    config = f'{OURS}_coco-aic-256x192-merge.py'
    assert 'coco/AP' in train(config, toy_coco, tmp_path / 'run', *options)
