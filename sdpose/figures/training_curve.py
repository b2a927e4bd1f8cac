# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The losses and the AP of a training run over its epochs."""

import json
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from sdpose.errors import InputError


def read_records(work_dir: Path) -> list[dict]:
    """Read what a run logged, over all its resumptions, oldest first.

    Args:
        work_dir: Folder of the run.

    Raises:
        InputError: There is no training log.
    """
    # MMEngine makes a folder named by date and time for each start
    paths = sorted(work_dir.glob('*/vis_data/scalars.json'))
    records = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    if not any('loss' in record for record in records):
        raise InputError(f'There is no training log in {work_dir} (*/vis_data/scalars.json).')
    return records


def series(records: list[dict], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Collect one logged value; where a resumed run repeats a step, the later record counts.

    Returns:
        Steps and values, each (n,), ordered by step.
    """
    values = {record['step']: record[name] for record in records if name in record}
    steps = sorted(values)
    return np.array(steps), np.array([values[step] for step in steps])


def draw_training_curve(records: list[dict], title: str) -> Figure:
    """Draw losses by iteration above, AP by epoch below where it was measured."""
    names = sorted({name for record in records for name in record})
    losses = [name for name in names if name.startswith('loss')]
    if len(losses) == 2:
        losses.remove('loss')  # the sum of one loss
    metrics = [name for name in names if name.endswith(('/AP', '/AP .5', '/AR'))]
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
