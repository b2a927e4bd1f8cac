# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw the losses and the AP of a run over its epochs."""

import argparse
import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot as plt

from sdpose.cli import make_parser, run_tool
from sdpose.errors import InputError

mpl.use('Agg')

EXAMPLES = """\
  python tools/visualize/training_curve.py work_dirs/demo
  python tools/visualize/training_curve.py work_dirs/demo curve.pdf"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Draw losses and AP of a training run.', EXAMPLES)
    parser.add_argument('work_dir', type=Path, help='folder of the run, as given to tools/train.py')
    parser.add_argument(
        'out', type=Path, nargs='?', help='picture; training_curve.png in the work dir by default'
    )
    return parser.parse_args()


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


def series(records: list[dict], name: str, step: str = 'step') -> tuple[np.ndarray, np.ndarray]:
    """Collect one logged value; where a resumed run repeats a step, the later record counts.

    Returns:
        Steps and values, each (n,), ordered by step.
    """
    values = {record[step]: record[name] for record in records if name in record}
    steps = sorted(values)
    return np.array(steps), np.array([values[step] for step in steps])


def draw(records: list[dict], title: str) -> plt.Figure:
    """Draw losses by iteration above, AP by epoch below where it was measured."""
    # the step of a validation record is its epoch
    metrics = [record for record in records if any(key.endswith('/AP') for key in record)]
    training = [record for record in records if 'loss' in record]
    rows = 2 if metrics else 1
    figure, axes = plt.subplots(rows, 1, figsize=(7, 3 * rows), squeeze=False, layout='constrained')
    losses = axes[0, 0]
    for name in sorted({key for record in training for key in record if key.startswith('loss')}):
        if name == 'loss' and len([key for key in training[0] if key.startswith('loss')]) == 2:
            continue  # the sum of one loss
        steps, values = series(training, name)
        losses.plot(steps, values, label=name, linewidth=1.5 if name == 'loss' else 1)
    losses.set(yscale='log', xlabel='iteration', ylabel='training loss', title=title)
    losses.legend(fontsize='small')
    losses.grid(alpha=0.3)
    if metrics:
        for name in sorted({key for record in metrics for key in record if '/A' in key}):
            if name.endswith(('/AP', '/AP .5', '/AR')):
                steps, values = series(metrics, name)
                axes[1, 0].plot(steps, values, marker='.', label=name)
        axes[1, 0].set(ylim=(0, 1), xlabel='epoch', ylabel='validation')
        axes[1, 0].legend(fontsize='small')
        axes[1, 0].grid(alpha=0.3)
    return figure


def main() -> None:
    """Draw and save."""
    args = parse_args()
    out = args.out or args.work_dir / 'training_curve.png'
    figure = draw(read_records(args.work_dir), title=args.work_dir.name)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=120)
    print(f'Wrote {out}.')


if __name__ == '__main__':
    run_tool(main)
