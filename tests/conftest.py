# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Shared by all tests."""

import contextlib
import importlib.util
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path

os.environ.setdefault('OMP_NUM_THREADS', '1')  # tests run side by side

import make_toy_coco
import pytest
import torch
from hypothesis import settings
from made_up_data import make_aic, make_halpe, make_mpii
from mmengine.config import Config
from mmengine.logging import MessageHub, MMLogger
from mmengine.registry import init_default_scope
from mmengine.visualization import Visualizer
from torch import nn

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import

init_default_scope('mmpose')
settings.register_profile('repeatable', derandomize=True, deadline=None, max_examples=25)
settings.load_profile('repeatable')
from mmpose.registry import MODELS  # noqa: E402
from mmpose.visualization import PoseLocalVisualizer  # noqa: E402

from sdpose import cli  # noqa: E402

ROOT = Path(__file__).parents[1]
GOLDEN = Path(__file__).parent / 'data/golden'
CONFIGS = ROOT / 'configs'
CONFIG_FILES = sorted(CONFIGS.rglob('td-*.py'))  # those of pose models
TOY_CONFIG = next(CONFIGS.rglob('td-hm_sdpose-toy_*.py'))
SHARED_DATA = Path(os.environ.get('SDPOSE_SHARED_DATA', ROOT.parent / 'shared/data'))


def load_config(name: str) -> Config:
    """Read the one COCO config of a model, e.g. ``sdpose-s-v1``."""
    (path,) = CONFIGS.rglob(f'td-*_{name}_*coco-[0-9]*.py')
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
    """Run a tool as a process, e.g. ``run_tool('tools/test.py', config, checkpoint)``."""
    interpreter = 'bash' if str(command[0]).endswith('.sh') else sys.executable
    return subprocess.run(
        [interpreter, *map(str, command)],
        cwd=ROOT,
        env={**os.environ, 'PYTHONPATH': str(ROOT), 'PYTHON': sys.executable, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def call_tool(main: Callable | str, *command: object) -> subprocess.CompletedProcess:
    """Run a tool in this process, which is quicker than a new one.

    Args:
        main: Its function, or its path as for :func:`run_tool`.
        command: Its command line.
    """
    words = [str(word) for word in command]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = cli.run_tool(load_main(main) if isinstance(main, str) else main, words)
        except SystemExit as error:  # argparse's
            status = error.code or 0
    for managed in (
        MMLogger,
        MessageHub,
        Visualizer,
        PoseLocalVisualizer,
    ):  # the next run has its own
        managed._instance_dict.clear()
    return subprocess.CompletedProcess(words, status, out.getvalue(), err.getvalue())


@cache
def load_main(path: str) -> Callable:
    """The main function of a tool, e.g. of ``tools/test.py``."""
    spec = importlib.util.spec_from_file_location(f'tool_{Path(path).stem}', ROOT / path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


def train(
    work_dir: Path,
    data_root: Path,
    *options: object,
    config: Path = TOY_CONFIG,
    max_epochs: int = 3,
) -> subprocess.CompletedProcess:
    """Train a toy model, with one layer, for a few epochs."""
    return call_tool(
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


def change_json(path: Path, change: Callable, out: Path | None = None) -> Path:
    """Change what is in a JSON file, or in a copy of it, and return which file that is."""
    content = json.loads(path.read_text())
    change(content)
    out = out or path
    out.write_text(json.dumps(content))
    return out


def logged_records(work_dir: Path, start: str = '*') -> list[dict]:
    """The records that a run, started at a time, wrote, e.g. of its losses and its AP."""
    (path,) = work_dir.glob(f'{start}/vis_data/scalars.json')
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
    make_toy_coco.main([str(folder), '--images=6', '--val-images=4', '--workers=1'])
    return folder


@pytest.fixture(scope='session')
def toy_crowdpose(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few drawn crowds with CrowdPose's 14 keypoints, under the names of CrowdPose and LSPET."""
    folder = tmp_path_factory.mktemp('data') / 'toy_crowdpose'
    options = ('--style=crowdpose', '--images=4', '--val-images=4', '--workers=1')
    make_toy_coco.main([str(folder), *options])
    for split, name in {'trainval': 'train', 'test': 'val'}.items():
        crowdpose = folder / f'annotations/mmpose_crowdpose_{split}.json'
        (folder / f'annotations/{name}.json').symlink_to(crowdpose)
    return folder


@pytest.fixture(scope='session')
def data_roots(
    tmp_path_factory: pytest.TempPathFactory, toy_coco: Path, toy_crowdpose: Path
) -> dict[str, Path]:
    """A small data set for each class that our configs read, by the class's name."""
    folder = tmp_path_factory.mktemp('formats')
    made_up = dict(MpiiDataset=make_mpii, AicDataset=make_aic, HalpeDataset=make_halpe)
    for name, make in made_up.items():
        make(folder / name)
    others = {name: folder / name for name in made_up}
    return dict(others, CocoDataset=toy_coco, CrowdPoseDataset=toy_crowdpose)


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
