# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Shared by all tests."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

import sdpose  # noqa: F401  registers the modules, and lets MMPose import

init_default_scope('mmpose')
from mmpose.registry import MODELS  # noqa: E402

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / 'data/golden'
CONFIGS = ROOT / 'configs'
CONFIG_FILES = sorted(CONFIGS.rglob('td-*.py'))  # those of pose models
TOY_CONFIG = next(CONFIGS.rglob('td-hm_sdpose-toy_*.py'))
SHARED_DATA = Path(os.environ.get('SDPOSE_SHARED_DATA', ROOT.parent / 'shared/data'))


def load_config(name: str) -> Config:
    """Read the one COCO config of a model, e.g. ``sdpose-s-v1``."""
    (path,) = CONFIGS.rglob(f'td-*_{name}_*coco-*.py')
    return Config.fromfile(path)


def build_model(config: Config) -> nn.Module:
    """Build a config's model, without downloading ImageNet weights or needing a teacher's."""
    torch.manual_seed(0)
    config.model.backbone.pop('init_cfg', None)
    if 'teacher' in config.model:
        config.model.allow_random_teacher = True
        config.model.teacher.checkpoint = None
    return MODELS.build(config.model)


def run_tool(*command: object, **env: str) -> subprocess.CompletedProcess:
    """Run a tool of this repository, e.g. ``run_tool('tools/test.py', config, checkpoint)``."""
    interpreter = 'bash' if str(command[0]).endswith('.sh') else sys.executable
    return subprocess.run(
        [interpreter, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHON': sys.executable, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def train(
    work_dir: Path,
    data_root: Path,
    *options: object,
    config: Path = TOY_CONFIG,
    max_epochs: int = 3,
) -> subprocess.CompletedProcess:
    """Train a toy model, with one layer, for a few epochs."""
    return run_tool(
        'tools/train.py',
        config,
        '--work-dir',
        work_dir,
        '--data-root',
        data_root,
        *options,
        '--cfg-options',
        f'train_cfg.max_epochs={max_epochs}',
        'train_dataloader.batch_size=4',
        'train_dataloader.num_workers=1',
        'train_cfg.val_interval=1',
        'param_scheduler.1.end=3',
        'param_scheduler.1.T_max=3',
        'model.neck.depth=1',
    )


def logged_records(work_dir: Path) -> list[dict]:
    """The records that a run wrote, e.g. of its losses and its AP."""
    (path,) = work_dir.glob('*/vis_data/scalars.json')
    return [json.loads(line) for line in path.read_text().splitlines()]


def assert_one_sentence(result: subprocess.CompletedProcess, *words: str) -> None:
    """The tool failed with one clear line that has all the words, and no stack trace."""
    assert result.returncode == 1, result.stdout + result.stderr
    assert 'Traceback' not in result.stderr
    (line,) = [line for line in result.stderr.splitlines() if line.startswith('Error: ')]
    for word in words:
        assert word in line, line


@pytest.fixture(scope='session')
def toy_coco(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A toy set of a few images, made by the project's own tool."""
    folder = tmp_path_factory.mktemp('data') / 'toy_coco'
    result = run_tool('tools/dataset/make_toy_coco.py', folder, '--images', 6, '--val-images', 4)
    assert result.returncode == 0, result.stderr
    return folder


@pytest.fixture(scope='session')
def toy_crowdpose(toy_coco: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The toy set with CrowdPose's 14 keypoints, under the names of CrowdPose and LSPET."""
    folder = tmp_path_factory.mktemp('data') / 'toy_crowdpose'
    (folder / 'annotations').mkdir(parents=True)
    (folder / 'images').mkdir()
    for split, names in {
        'train2017': ('mmpose_crowdpose_trainval', 'train'),
        'val2017': ('mmpose_crowdpose_test', 'val'),
    }.items():
        for image in (toy_coco / split).iterdir():
            shutil.copy(image, folder / 'images')
        content = json.loads((toy_coco / f'annotations/person_keypoints_{split}.json').read_text())
        for image in content['images']:
            image['crowdIndex'] = 0.5
        for annotation in content['annotations']:
            points = np.array(annotation['keypoints']).reshape(17, 3)
            neck = points[5:7].mean(0).round().astype(int)
            limbs = points[5:]  # in the same order: shoulders, elbows, ..., ankles
            annotation['keypoints'] = [*limbs.ravel().tolist(), *points[0].tolist(), *neck.tolist()]
        for name in names:
            (folder / f'annotations/{name}.json').write_text(json.dumps(content))
    boxes = [
        dict(image_id=a['image_id'], category_id=1, bbox=a['bbox'], score=0.9)
        for a in content['annotations']
    ]
    path = folder / 'annotations/det_for_crowd_test_0.1_0.5.json'
    path.write_text(json.dumps(boxes))
    return folder


@pytest.fixture(scope='session')
def toy_checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint of the toy SDPose model with random weights."""
    model = build_model(Config.fromfile(TOY_CONFIG))
    path = tmp_path_factory.mktemp('weights') / 'toy.pth'
    torch.save(dict(state_dict=model.state_dict()), path)
    return path


@pytest.fixture(scope='session')
def coco_sample() -> Path:
    """Four photographs of COCO, which are not part of the repository."""
    folder = SHARED_DATA / 'coco_sample'
    if not folder.is_dir():
        pytest.skip(f'there is no {folder}; set SDPOSE_SHARED_DATA to the folder of coco_sample')
    return folder
