# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Measure the AP of a checkpoint."""

import argparse
import sys
from pathlib import Path
from typing import Any

import mmengine.dist
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

import sdpose.plugin  # noqa: F401  lets MMPose import, also for its own configs
from sdpose.cli import add_run_arguments, load_run_config, run_tool
from sdpose.engine.checkpoint_hook import CheckedLoadingHook
from sdpose.engine.coco_data import replace_test_data
from sdpose.engine.console import ConsoleRunner
from sdpose.engine.data_checks import check_data
from sdpose.engine.devices import (
    choose_device,
    close_process_group,
    half_precision,
    prepare_devices,
)
from sdpose.errors import InputError, blame_config
from sdpose.models.inference import prepare_to_run
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable

EXAMPLES = """\
  python tools/test.py CONFIG CHECKPOINT
  python tools/test.py CONFIG CHECKPOINT --out ap.json --cfg-options \\
      test_dataloader.dataset.bbox_file=None             # ground-truth boxes
  python tools/test.py CONFIG CHECKPOINT --data my/val.json my/images    # any file like COCO's
  python tools/test.py CONFIG CHECKPOINT --cfg-options model.neck.test_cycles=2
  bash tools/dist_test.sh CONFIG CHECKPOINT 8            # 8 GPUs"""


class PreparationHook(Hook):
    """Make the model fast once its weights are loaded."""

    def before_test(self, runner: Runner) -> None:
        """Prepare it."""
        half = half_precision(choose_device(None)) if runner.test_loop.fp16 else None
        prepare_to_run(runner.model, half, runner.cfg.get('compile'))


class SaveMetricsHook(Hook):
    """Write the metrics of a test to a file.

    Args:
        path: A .json file.
    """

    def __init__(self, path: str) -> None:
        self.path = path

    def after_test_epoch(self, runner: Runner, metrics: dict[str, Any] | None = None) -> None:
        """Write them."""
        if metrics is not None and mmengine.dist.is_main_process():
            mmengine.dump({name: float(value) for name, value in metrics.items()}, self.path)


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Test a pose model: AP and AR.', EXAMPLES)
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    add_run_arguments(parser)
    parser.add_argument(
        '--data',
        nargs=2,
        type=Path,
        metavar=('ANN', 'IMAGES'),
        help="annotations in COCO's format and folder of images, instead of the config's test data",
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--out', help='file for the metrics (.json)')
    parser.add_argument('--dump', help='file for all predictions (.pkl)')
    return parser.parse_args(arguments)


def apply_options(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options that only testing has."""
    cfg.load_from = args.checkpoint
    if args.data:
        replace_test_data(cfg, *args.data)
    if args.amp:
        cfg.test_cfg.fp16 = True
    # a checkpoint of moving averages has them as its weights; the hook would load and swap them
    cfg.custom_hooks = [
        hook
        for hook in cfg.get('custom_hooks') or ()
        if not str(hook.get('type')).endswith('EMAHook')  # also with its scope
    ]
    if 'init_cfg' in cfg.model.get('backbone', {}):
        cfg.model.backbone.init_cfg = None  # the checkpoint replaces those weights
    for path, suffix in ((args.out, '.json'), (args.dump, '.pkl')):
        if path and Path(path).suffix != suffix:
            raise InputError(f'{path} must end with {suffix}.')
        if path:
            check_writable(Path(path))
    if args.dump:
        evaluators = cfg.test_evaluator
        evaluators = evaluators if isinstance(evaluators, (list, tuple)) else [evaluators]
        cfg.test_evaluator = [*evaluators, dict(type='DumpResults', out_file_path=args.dump)]


def main(arguments: Arguments = None) -> None:
    """Test."""
    args = parse_args(arguments)
    cfg = load_run_config(args)
    apply_options(cfg, args)
    prepare_devices(cfg)
    notes = check_data(cfg, ['test'])
    with blame_config(args.config):
        runner = ConsoleRunner.from_cfg(cfg)
    for note in notes:
        runner.logger.info(note)
    runner.register_hook(CheckedLoadingHook())
    runner.register_hook(PreparationHook())
    if args.out:
        runner.register_hook(SaveMetricsHook(args.out), 'LOWEST')
    runner.test()
    close_process_group()


if __name__ == '__main__':
    sys.exit(run_tool(main))
