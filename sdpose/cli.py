# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the command-line tools share: options, configs, and errors that read well."""

import argparse
import errno
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from mmengine.config import Config, DictAction

from sdpose.config_file import check_options, load_config
from sdpose.errors import InputError

UNWRITABLE = (
    errno.EACCES,
    errno.EDQUOT,
    errno.EEXIST,
    errno.EISDIR,
    errno.ENOSPC,
    errno.ENOTDIR,
    errno.EROFS,
)


def make_parser(description: str, examples: str) -> argparse.ArgumentParser:
    """Build a parser whose help ends with examples.

    Args:
        description: What the tool does, one sentence.
        examples: Commands that a reader can copy.
    """
    return argparse.ArgumentParser(
        description=description,
        epilog=f'examples:\n{examples}',
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def parse_args_with_boxes(
    parser: argparse.ArgumentParser, arguments: Sequence[str] | None = None
) -> argparse.Namespace:
    """Read a command line where a box may begin with a minus: ``--bboxes -5,10,100,200``."""
    words = sys.argv[1:] if arguments is None else arguments
    return parser.parse_args(
        [f' {word}' if re.match(r'-[\d.]+,', word) else word for word in words]
    )


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
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help=f'settings that replace those of the config, e.g. {example}; lists as key="[a,b]"',
    )


def load_changed_config(args: argparse.Namespace) -> Config:
    """Read a config and apply ``--data-root`` and ``--cfg-options``.

    Args:
        args: With ``config`` and these options.

    Raises:
        InputError: The config cannot be read, or an option names no setting.
    """
    cfg = load_config(args.config)
    if args.data_root:
        replace_data_root(cfg, args.data_root)
    check_options(cfg, args.cfg_options)
    cfg.merge_from_dict(args.cfg_options)
    return cfg


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


def replace_data_root(cfg: Config, data_root: str) -> None:
    """Replace the config's data_root in every path that begins with it.

    Args:
        cfg: Changed in place.
        data_root: The new folder.

    Raises:
        InputError: The config has no ``data_root``.
    """
    old = cfg.get('data_root')
    if not old:
        raise InputError('--data-root replaces the data_root of a config, but this one has none.')
    new = str(Path(data_root)) + '/'

    def replaced(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: replaced(value) for key, value in node.items()}
        if isinstance(node, (list, tuple)):
            return type(node)(replaced(value) for value in node)
        return new + node[len(old) :] if isinstance(node, str) and node.startswith(old) else node

    cfg.merge_from_dict(replaced(cfg.to_dict()))


def run_tool(main: Callable[[], int | None]) -> None:
    """Run a tool; print what the user can mend as one line, and exit with its status.

    ``SDPOSE_TRACEBACK=1`` shows the stack trace of such errors as well.

    Args:
        main: The tool; returns its exit status, or ``None`` for 0.
    """
    # MMPose finds its own file where a config of ours would stand, and says so at length
    warnings.filterwarnings('ignore', message='The metainfo config file')
    try:
        status = main() or 0
    except InputError as error:
        status = _report(error, str(error))
    except KeyboardInterrupt:
        sys.stderr.write('\nInterrupted; what was written so far is kept.\n')
        status = 130
    except Exception as error:
        message = _what_is_wrong(error)
        if message is None:
            raise
        status = _report(error, message)
    sys.exit(status)


def _what_is_wrong(error: Exception) -> str | None:
    """A sentence about an error that is the input's or the disk's fault, ``None`` for others."""
    unreadable = re.search(r'occurs when loading `(.+?)`', str(error))
    if unreadable:
        return f'The image {unreadable[1]} is missing or broken.'
    if isinstance(error, OSError) and error.errno in UNWRITABLE:
        return f'Cannot write {error.filename or "a file"}: {error.strerror}.'
    return None


def _report(error: Exception, message: str) -> int:
    if os.environ.get('SDPOSE_TRACEBACK') == '1':
        raise error
    sys.stderr.write(f'Error: {message}\n')
    return 1
