# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find the checkpoint to resume from."""

import re
from pathlib import Path


def find_latest_checkpoint(work_dir: str | Path) -> Path | None:
    """Return the newest whole checkpoint of a run, or ``None`` where there is none.

    MMEngine keeps its path in the file ``last_checkpoint``, but a run that is killed while it
    writes that file leaves it empty or pointing to a file that is gone; then the checkpoint with
    the highest epoch counts, or else iteration.

    Args:
        work_dir: Folder of the run.
    """
    work_dir = Path(work_dir)
    pointer = work_dir / 'last_checkpoint'
    if pointer.is_file():
        named = work_dir / Path(pointer.read_text().strip()).name
        if named.suffix == '.pth' and named.is_file():
            return named
    for unit in ('epoch', 'iter'):
        numbered = {
            int(match[1]): path
            for path in work_dir.glob(f'{unit}_*.pth')
            if (match := re.fullmatch(rf'{unit}_(\d+)\.pth', path.name))
        }
        if numbered:
            return numbered[max(numbered)]
    return None
