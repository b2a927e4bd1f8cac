# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The losses and the AP of a training run over its epochs."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file
from sdpose.runtime.json_files import shown

METRICS = ('/AP', '/AP .5', '/AR')
LARGEST = 2**53  # an integer beyond it is no step and no loss


def read_records(work_dir: Path) -> list[dict]:
    """Read what a run logged, over all its resumptions, oldest first.

    The last line of a run that was killed may be cut off: it is left out, and a line on the error
    stream says so.

    Args:
        work_dir: Folder of the run.

    Raises:
        InputError: There is no training log, or it is broken.
    """
    # MMEngine makes a folder named by date and time for each start
    paths = sorted(work_dir.glob('*/vis_data/scalars.json'))
    records = [record for path in paths for record in _read_log(path)]
    if not any('loss' in record for record in records):
        raise InputError(f'There is no training log in {work_dir} (*/vis_data/scalars.json).')
    return records


def series(records: list[dict], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Collect one logged value; where a resumed run repeats a step, the later record counts.

    Returns:
        Steps and values, each (n,), ordered by step; NaN, which is not drawn, for infinity.
    """
    values = {record['step']: record[name] for record in records if name in record}
    steps = sorted(values)
    found = np.array([values[step] for step in steps], dtype=float)
    return np.array(steps), np.where(np.isfinite(found), found, np.nan)


def _read_log(path: Path) -> Iterator[dict]:
    check_is_file(path, 'training log')
    lines = path.read_bytes().splitlines()
    for number, line in enumerate(lines, 1):
        try:
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            if number == len(lines):
                sys.stderr.write(f'Skipped: {path}: line {number}, the last, is cut off.\n')
                return
            raise InputError(f'{path}: line {number} is not JSON, as a log has it.') from error
        values = record if isinstance(record, dict) else {}
        for name in ('step', *filter(_is_drawn, values)):
            value, kinds = values.get(name), (int,) if name == 'step' else (int, float)
            if type(value) not in kinds or (type(value) is int and abs(value) > LARGEST):
                wrong = shown({name: value})
                raise InputError(f'{path}: line {number}: {wrong} is not a number.')
        yield values


def _is_drawn(name: str) -> bool:
    return name.startswith('loss') or name.endswith(METRICS)


def draw_training_curve(records: list[dict], title: str) -> Figure:
    """Draw losses by iteration above, AP by epoch below where it was measured."""
    names = sorted({name for record in records for name in record})
    losses = [name for name in names if name.startswith('loss')]
    if len(losses) == 2:
        losses.remove('loss')  # the sum of one loss
    metrics = [name for name in names if name.endswith(METRICS)]
    rows = 2 if metrics else 1
    figure = Figure(figsize=(7, 3 * rows), layout='constrained')
    axes = figure.subplots(rows, 1, squeeze=False)[:, 0]
    for name in losses:
        axes[0].plot(*series(records, name), label=name, linewidth=1.5 if name == 'loss' else 1)
    axes[0].set(yscale='log', xlabel='iteration', ylabel='training loss', title=title)
    for name in metrics:  # the step of a validation record is its epoch
        axes[1].plot(*series(records, name), marker='.', label=name)
        axes[1].set(ylim=(0, 1), xlabel='epoch', ylabel='validation')
    for axis in axes:
        axis.legend(fontsize='small')
        axis.grid(alpha=0.3)
    return figure
