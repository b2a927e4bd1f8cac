# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find the checkpoint to resume from."""

import logging
import re
from contextlib import suppress
from pathlib import Path

from mmengine.logging import print_log

from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.errors import InputError


def find_latest_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest whole checkpoint of a run, or ``None`` where there is none at all.

    MMEngine keeps its path in the file ``last_checkpoint``. A run that is killed while it writes
    that file leaves it empty or pointing to a file that is gone, and a disk may damage any file:
    then the checkpoint with the highest number counts, and a warning says why.

    Args:
        work_dir: Folder of the run. Its checkpoints may be in another folder, which only
            ``last_checkpoint`` knows, from where the run was started; but if they are here, the
            run may have been copied.

    Raises:
        InputError: There are checkpoints, but not one is whole.
    """
    work_dir = Path(work_dir)
    named = _named_by_mmengine(work_dir)
    found = _checkpoints_in(work_dir)
    if not found and named.parent.parts:  # no pointer must not mean the current folder
        found = _checkpoints_in(named.parent)
    by_number = sorted(found, key=lambda path: (_number(path), path.stat().st_mtime_ns))
    for path in sorted(by_number, key=lambda path: path.name == named.name)[::-1]:
        try:
            check_resumable(load_checkpoint_file(path), str(path))
        except InputError as error:
            print_log(f'Passed over: {error}', 'current', logging.WARNING)
        else:
            return path
    if found or named.name:
        raise InputError(
            f'None of the {len(found)} checkpoints of {work_dir} can be resumed from. '
            'Give another --work-dir to start anew.'
        )
    return None


def _checkpoints_in(folder: Path) -> list[Path]:
    return [path for path in folder.glob('*.pth') if not path.name.startswith('best_')]


def _number(path: Path) -> int:
    """Of the epoch or iteration; names are as ``filename_tmpl`` says."""
    return int((re.findall(r'\d+', path.stem) or ['-1'])[-1][:18])


def _named_by_mmengine(work_dir: Path) -> Path:
    with suppress(OSError, ValueError):  # none, or damaged
        return Path((work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip())
    return Path()


def check_resumable(checkpoint: dict, name: str, has_schedules: bool = False) -> None:
    """Check that a checkpoint has more than weights.

    Args:
        checkpoint: As it was read.
        name: What to call it in the message.
        has_schedules: The training has some, for its learning rate.

    Raises:
        InputError: It lacks the state of the optimizer, or how far the training was.
    """
    meta = checkpoint.get('meta')
    is_whole = isinstance(meta, dict) and all(type(meta.get(k)) is int for k in ('epoch', 'iter'))
    needed = {'optimizer', 'message_hub', *(['param_schedulers'] if has_schedules else [])}
    if not is_whole or not needed <= set(checkpoint):
        raise InputError(
            f'{name} has the weights of a training, but not its state, and cannot be resumed. '
            f'To start a new training from these weights: --cfg-options load_from={name}'
        )
