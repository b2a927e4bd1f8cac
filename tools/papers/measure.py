# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Our figures of the papers' models, on the machine at hand."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import torch
from speed.subject import Inference, Subject
from speed.timing import time_in_turns

from papers.tables import ROOT, Model
from sdpose.errors import InputError


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
    subject = Subject(config_path(model.config), 'cpu')
    steps = subject.load_config().val_pipeline
    width, height = next(step.input_size for step in steps if step.type == 'TopdownAffine')
    with torch.device('meta'), torch.no_grad():
        network = subject.build().eval()
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


def images_per_second(model: Model, device: str) -> float:
    """Time a pose model as the published FPS were taken: batch 1, flip test and decoding.

    Args:
        model: One of the tables.
        device: E.g. ``cpu`` or ``cuda``.

    Returns:
        One by the median of the seconds that an image takes; reading and cropping it do not count.
    """
    run = Inference(Subject(config_path(model.config), device)).predict(1, flip_test=True)
    return 1 / time_in_turns({model.name: run})[model.name].median


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
