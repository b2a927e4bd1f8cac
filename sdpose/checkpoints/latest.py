# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find the checkpoint to resume from."""

import logging
import re
from contextlib import suppress
from pathlib import Path

from mmengine.logging import print_log

from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.errors import InputError

NUMBERED = re.compile(r'(?:epoch|iter)_(\d+)\.pth')


def find_latest_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest whole checkpoint of a run, or ``None`` where there is none at all.

    MMEngine keeps its path in the file ``last_checkpoint``. A run that is killed while it writes
    that file leaves it empty or pointing to a file that is gone, and a disk may damage any file:
    then the checkpoint that was written before counts, and a warning says why.

    Args:
        work_dir: Folder of the run.

    Raises:
        InputError: There are checkpoints, but not one is whole.
    """
    work_dir = Path(work_dir)
    named = _named_by_mmengine(work_dir)
    candidates = [
        (path.name == named, path.stat().st_mtime_ns, int(match[1]), path)
        for path in work_dir.glob('*.pth')
        if (match := NUMBERED.fullmatch(path.name))
    ]
    for *_, path in sorted(candidates, reverse=True):
        try:
            check_resumable(load_checkpoint_file(path), str(path))
        except InputError as error:
            print_log(f'Passed over: {error}', 'current', logging.WARNING)
        else:
            return path
    if candidates:
        raise InputError(
            f'None of the {len(candidates)} checkpoints in {work_dir} can be resumed from. '
            'Give another --work-dir to start anew.'
        )
    return None


def _named_by_mmengine(work_dir: Path) -> str:
    with suppress(OSError, ValueError):  # none, or damaged
        return Path((work_dir / 'last_checkpoint').read_text(encoding='utf-8').strip()).name
    return ''


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
