# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train a model from a config."""

import argparse
import sys

from mmengine.config import Config

import sdpose.plugin  # noqa: F401  lets MMPose import, also for its own configs
from sdpose.checkpoints.latest import find_latest_checkpoint
from sdpose.cli import add_run_arguments, load_run_config, run_tool
from sdpose.engine.checkpoint_hook import CheckedLoadingHook
from sdpose.engine.console import ConsoleRunner
from sdpose.engine.data_checks import check_data
from sdpose.engine.devices import close_process_group, prepare_devices
from sdpose.engine.work_dir import hold_work_dir
from sdpose.errors import InputError, blame_config
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  python tools/train.py configs/sdpose/td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py
  python tools/train.py CONFIG --resume                  # go on where a killed run stopped
  python tools/train.py CONFIG --amp --auto-scale-lr     # mixed precision; fewer GPUs than 8
  python tools/train.py CONFIG --data-root /data/coco --cfg-options train_cfg.max_epochs=2
  bash tools/dist_train.sh CONFIG 8                      # 8 GPUs"""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Train a pose model.', EXAMPLES)
    parser.add_argument('config', help='config file')
    add_run_arguments(parser)
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='resume from a checkpoint; without a value, from the latest one in the work dir',
    )
    parser.add_argument('--amp', action='store_true', help='mixed precision')
    parser.add_argument('--no-validate', action='store_true', help='no validation while training')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by (images a step) / auto_scale_lr.base_batch_size',
    )
    return parser.parse_args(arguments)


def apply_options(cfg: Config, args: argparse.Namespace) -> None:
    """Apply the options that only training has."""
    if args.no_validate:
        cfg.val_cfg = cfg.val_dataloader = cfg.val_evaluator = None
    if args.amp:
        cfg.optim_wrapper.type = 'AmpOptimWrapper'
        cfg.optim_wrapper.setdefault('loss_scale', 'dynamic')
    if args.auto_scale_lr:
        if 'auto_scale_lr' not in cfg:
            raise InputError('--auto-scale-lr needs auto_scale_lr.base_batch_size in the config.')
        cfg.auto_scale_lr.enable = True
    if cfg.get('resume') and not (args.resume or cfg.get('load_from')):
        args.resume = 'auto'  # MMEngine's own way takes any file, and starts anew without one
    if args.resume == 'auto':
        cfg.resume = False
        latest = find_latest_checkpoint(cfg.work_dir)
        if latest:
            cfg.load_from, cfg.resume = str(latest), True
    elif args.resume:
        cfg.load_from, cfg.resume = args.resume, True


def main(arguments: Arguments = None) -> None:
    """Train."""
    args = parse_args(arguments)
    cfg = load_run_config(args)
    apply_options(cfg, args)
    prepare_devices(cfg)
    with hold_work_dir(cfg.work_dir):
        notes = check_data(cfg, ['train'] if args.no_validate else ['train', 'val'])
        with blame_config(args.config):
            runner = ConsoleRunner.from_cfg(cfg)
        for note in notes:
            runner.logger.info(note)
        if args.resume == 'auto' and not cfg.resume:
            runner.logger.info(f'No checkpoint in {cfg.work_dir} to resume from: starting anew.')
        runner.register_hook(CheckedLoadingHook())
        runner.train()
    close_process_group()


if __name__ == '__main__':
    sys.exit(run_tool(main))
