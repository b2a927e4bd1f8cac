# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import subprocess
import sys
import warnings

import numpy as np
import pytest
from mmpose.visualization import PoseLocalVisualizer

from conftest import ROOT
from sdpose.plugin.newer_stacks import silence_noise


def test_mmposes_visualizer_draws_circles():
    visualizer = PoseLocalVisualizer(radius=4)
    visualizer.set_dataset_meta(dict(keypoint_colors=[(0, 255, 0)]))
    visualizer.set_image(np.zeros((40, 40, 3), np.uint8))
    visualizer.draw_circles(np.array([20, 10]), radius=np.array([4]), face_colors=(0, 255, 0))
    image = visualizer.get_image()
    assert image[10, 20].tolist() == [0, 255, 0]
    assert not image[30].any()


def test_noise_is_silenced_and_nothing_else():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        silence_noise()
        warnings.warn('`torch.cuda.amp.GradScaler(args...)` is deprecated.', FutureWarning, 2)
        warnings.warn('Passing more than 2 positional arguments to np.maximum and', stacklevel=2)
        warnings.warn('The learning rate is odd.', stacklevel=2)
    assert [str(each.message) for each in caught] == ['The learning rate is odd.']


@pytest.mark.slow
def test_a_run_prints_no_warning(toy_coco, toy_checkpoint, tmp_path):
    config = next(ROOT.glob('configs/sdpose/td-hm_sdpose-toy_*.py'))
    command = ['tools/test.py', config, toy_checkpoint, '--data-root', toy_coco]
    command += ['--work-dir', tmp_path, '--cfg-options', 'test_dataloader.num_workers=2']
    command += ['default_hooks.visualization.enable=True', 'default_hooks.visualization.interval=1']
    result = subprocess.run(
        [sys.executable, *map(str, command)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    assert 'Warning' not in result.stdout + result.stderr
    assert list(tmp_path.rglob('vis_image/*.png')) + list(tmp_path.rglob('vis_image/*/*.png'))
