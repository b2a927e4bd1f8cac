# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the command-line tools share: options, configs, and errors that read well."""

import argparse
import errno
import logging
import os
import re
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from mmengine.config import Config
from mmengine.logging import MMLogger

from sdpose.engine.config_file import load_config, merge_options, replace_data_root
from sdpose.engine.config_options import ConfigOptions
from sdpose.errors import BuildError, InputError, reason
from sdpose.runtime.command import Arguments, run_command
from sdpose.runtime.processes import LOST, end_with_parent, is_launched, report_to_launcher


def add_run_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that training and testing share, named as MMPose names them."""
    parser.add_argument('--work-dir', help='folder of logs and checkpoints')
    add_data_root(parser)
    add_cfg_options(parser, 'train_cfg.max_epochs=2 test_dataloader.dataset.bbox_file=None')
    parser.add_argument(
        '--launcher',
        choices=['none', 'pytorch', 'slurm', 'mpi'],
        default='none',
        help='how several processes were started; tools/dist_*.sh and slurm_*.sh set it',
    )
    # torch.distributed.launch passes it; MMEngine reads the environment variable
    parser.add_argument('--local_rank', '--local-rank', type=int, default=0, help=argparse.SUPPRESS)


def add_data_root(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--data-root``."""
    parser.add_argument('--data-root', help="folder of the data set, instead of the config's")


def add_cfg_options(parser: argparse.ArgumentParser, example: str) -> None:
    """Add the option ``--cfg-options``, with an example for its help."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        default={},
        metavar='KEY=VALUE',
        help=f'settings that replace those of the config, e.g. {example}; lists as key="[a,b]"',
    )


def add_person_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the figures of one person have in common: the model, the image, the figure."""
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('image', help='picture of a person')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    parser.add_argument(
        '--bbox', metavar='X,Y,W,H', help="the person's box in pixels (default: the whole image)"
    )
    parser.add_argument('--keypoint', nargs='+', metavar='NAME', help='keypoints, e.g. nose')
    parser.add_argument('--device', help='cpu, cuda, cuda:1 (default: the GPU if there is one)')
    add_cfg_options(parser, 'model.test_cfg.flip_test=False')


def add_result_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the figures of results have in common: the files, and the figure."""
    parser.add_argument('annotations', type=Path, help='ground truth in COCO format')
    parser.add_argument('images', type=Path, help='folder of the images')
    parser.add_argument('predictions', type=Path, help='predictions in COCO results format')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    add_metainfo(parser)


def add_metainfo(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--metainfo``."""
    parser.add_argument(
        '--metainfo',
        default='coco',
        metavar='NAME',
        help="whose keypoints, skeleton and OKS: coco, crowdpose, a data set's class such as "
        'MpiiDataset, or a file with dataset_info = dict(...) as MMPose has it (default: coco)',
    )


def load_changed_config(args: argparse.Namespace) -> Config:
    """Read a config and apply ``--data-root`` and ``--cfg-options``.

    Args:
        args: With ``config`` and these options.

    Raises:
        InputError: The config cannot be read, or an option names no setting.
    """
    cfg = load_config(args.config)
    if args.data_root is not None:
        replace_data_root(cfg, args.data_root)
    return merge_options(cfg, args.cfg_options)


def load_run_config(args: argparse.Namespace) -> Config:
    """Read the config of a run and apply the options of :func:`add_run_arguments`.

    Args:
        args: With ``config`` and the shared options.

    Raises:
        InputError: The config cannot be read, or an option names no setting.
    """
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_changed_config(args)
    if 'model' not in cfg:
        raise InputError(f'{args.config} has no model: it is no whole config.')
    cfg.launcher = args.launcher
    # as in MMPose: option, then config, then the config's name
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or f'work_dirs/{Path(args.config).stem}'
    return cfg


# What a run's error says -> the sentence about it
KNOWN_ERRORS = {
    r'occurs when loading `(.+?)`': 'The image {} is missing or broken.',  # MMPose's LoadImage
    r'DataLoader worker .*(killed|exited)': 'A data worker is gone ({}): mostly there is too '
    'little memory. Give fewer workers (train_dataloader.num_workers=1) or a smaller batch, with '
    '--cfg-options.',
    r'(out of memory|[Cc]an(?:.t|not) allocate memory)': 'There is too little memory ({}): give '
    'a smaller batch, e.g. --cfg-options train_dataloader.batch_size=16.',
    r'Please run "pip install (?:-U |future )?(\S+)" to install': 'The config asks for a '
    'package that is not installed: pip install {}.',
    r'(parameters that were not used in producing loss)': 'The model has parameters that no loss '
    'reaches, which several processes do not bear. Build the backbone without them (mostly by its '
    'out_indices), or set find_unused_parameters=True with --cfg-options, which is slower.',
    r'(by peer|Timed out waiting|pair closure|NCCL error|Socket Timeout|no longer connected)': (
        f'This process gives up: {LOST} ({{}}). Go on with --resume once all are back.'
    ),
}


def run_tool(main: Callable[[Arguments], int | None], arguments: Arguments = None) -> int:
    """Run a tool, see :func:`run_command`; stack traces go to the log file of the run.

    Args:
        main: The tool; returns its exit status, or ``None`` for 0.
        arguments: Of its command line.
    """

    def explained(arguments: Arguments) -> int | None:
        try:
            return main(arguments)
        except OSError as error:
            log = _log_file()
            if error.errno == errno.ENOSPC and not error.filename and log:
                # as MMEngine's scalars, which stand beside it
                why = f'a file beside it cannot be written ({reason(error)})'
                raise OSError(error.errno, why, str(log)) from error
            raise
        except Exception as error:
            raise InputError(_what_is_wrong(error) + _where_it_happened(error)) from error

    end_with_parent()
    logging.raiseExceptions = False  # a full disk is told once, not for each line of a log
    if not is_launched():
        return run_command(explained, arguments)
    status = run_command(explained, arguments, report_to_launcher)
    # the threads of a process group now and then abort Python's own way out
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _what_is_wrong(error: Exception) -> str:
    """A sentence about an error."""
    text = str(error)
    if isinstance(error, InputError):
        # a data worker's error comes with its stack trace
        return text.rpartition('InputError: ')[2].strip() if text.startswith('Caught ') else text
    for pattern, sentence in KNOWN_ERRORS.items():
        match = re.search(pattern, text)
        if match:
            return sentence.format(match[1])
    lines = text.strip().splitlines() or ['']
    line = lines[-1] if text.startswith('Caught ') else lines[0]
    return f'unexpected {type(error).__name__}: {line}.'


def _where_it_happened(error: Exception) -> str:
    """Put the stack trace of what may be a slip in code into the run's log, and say where."""
    if isinstance(error, InputError) and not isinstance(error, BuildError):
        return ''
    path = _log_file()
    if path is None:
        return ' (SDPOSE_TRACEBACK=1 shows the stack trace.)'
    with suppress(OSError), path.open('a', encoding='utf-8') as log:
        log.writelines(traceback.format_exception(error))
    return f' (The stack trace is in {os.path.relpath(path)}.)'


def _log_file() -> Path | None:
    handlers = MMLogger.get_current_instance().handlers
    paths = [each.baseFilename for each in handlers if isinstance(each, logging.FileHandler)]
    return Path(paths[0]) if paths else None
