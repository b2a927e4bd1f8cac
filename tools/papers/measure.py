# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Our figures of the papers' models, on the machine at hand."""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import

# isort: split
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from papers.tables import ROOT, Model
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError

WARM_UP, SECONDS = 5, 3  # runs, and for how long a model is timed at least


class Complexity(NamedTuple):
    """How large a model is.

    Attributes:
        params: Millions of trainable parameters.
        gflops: 10^9 multiply-adds without the products of attention.
        gflops_with_attention: With them.
    """

    params: float
    gflops: float
    gflops_with_attention: float


def config_path(config: str) -> str:
    """Where a config is."""
    return config if '::' in config else str(ROOT / 'configs' / config)


def count(model: Model) -> Complexity:
    """Build a model, without numbers in it, and count its parameters and multiply-adds.

    Raises:
        InputError: torch is too old to count.
    """
    cfg = _load(model)
    width, height = input_size(cfg)
    with torch.device('meta'), torch.no_grad():
        network = MODELS.build(cfg.model).eval()
        image = torch.zeros(1, 3, height, width)
        by_operator = multiply_adds(lambda: network(image, None, mode='tensor'))
    total = sum(by_operator.values())
    products = sum(each for name, each in by_operator.items() if name.endswith('.bmm'))
    return Complexity(
        params=sum(p.numel() for p in network.parameters() if p.requires_grad) / 1e6,
        gflops=(total - products) / 1e9,
        gflops_with_attention=total / 1e9,
    )


def multiply_adds(run: Callable[[], object]) -> dict[str, float]:
    """Count the multiply-adds of what a function does, by torch's operators.

    The products of attention are those of ``bmm``.

    Raises:
        InputError: torch is too old to count.
    """
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: PLC0415
        from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415
    except ImportError as error:
        raise InputError('Counting multiply-adds needs torch 2.3 or newer.') from error
    counter = FlopCounterMode(display=False)
    with sdpa_kernel(SDPBackend.MATH), counter:
        run()
    flops = counter.get_flop_counts().get('Global', {})
    return {str(name): each / 2 for name, each in flops.items()}


@torch.no_grad()
def images_per_second(model: Model, device: str) -> float:
    """Time a pose model as the published FPS were taken: batch 1, flip test and decoding.

    The weights are random, which costs the same; reading and cropping the picture do not count.

    Args:
        model: One of the tables.
        device: E.g. ``cpu`` or ``cuda``.

    Returns:
        One by the median of the seconds that an image takes.
    """
    cfg = _load(model)
    cfg.model.backbone.init_cfg = None
    torch.manual_seed(0)
    network = MODELS.build(cfg.model).eval().to(device)
    width, height = input_size(cfg)
    image = torch.randn(1, 3, height, width, device=device)
    num_keypoints = getattr(network.head, 'out_channels', None) or network.head.num_joints
    boxes = InstanceData(
        bboxes=np.array([[0, 0, width, height]], np.float32), bbox_scores=np.ones(1, np.float32)
    )
    metainfo = dict(
        flip_indices=list(range(num_keypoints)),
        input_size=(width, height),
        input_center=np.array([width, height]) / 2,
        input_scale=np.array([width, height]),
    )
    seconds: list[float] = []
    while len(seconds) < 2 * WARM_UP or sum(seconds[WARM_UP:]) < SECONDS:
        sample = PoseDataSample(metainfo=metainfo)
        sample.gt_instances = boxes
        start = time.perf_counter()
        network(image, [sample], mode='predict')  # ends on the CPU: nothing is left to wait for
        seconds.append(time.perf_counter() - start)
    return 1 / statistics.median(seconds[WARM_UP:])


def metrics_of(model: Model, checkpoint: Path, data_root: str | None) -> dict[str, float]:
    """Run ``tools/test.py`` and read its metrics.

    Raises:
        InputError: It fails.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'metrics.json'
        config = config_path(model.config)
        command = [sys.executable, str(ROOT / 'tools/test.py'), config, str(checkpoint)]
        command += ['--out', str(out), '--work-dir', folder]
        command += ['--data-root', data_root] if data_root else []
        result = subprocess.run(command, stdout=sys.stderr, check=False)
        if result.returncode:
            raise InputError(f'tools/test.py failed for {config} and {checkpoint}; see above.')
        return json.loads(out.read_text())


def input_size(cfg: Config) -> tuple[int, int]:
    """Width and height in pixels of what a pose model reads."""
    (size, *_) = (s.input_size for s in cfg.val_pipeline if s.type == 'TopdownAffine')
    return size


def _load(model: Model) -> Config:
    cfg = load_config(config_path(model.config))
    init_default_scope('mmpose')
    return cfg
