# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw the losses and the AP of a run over its epochs."""

import sys
from pathlib import Path

from sdpose.cli import run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.training_curve import draw_training_curve, read_records
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  python tools/visualize/training_curve.py work_dirs/demo
  python tools/visualize/training_curve.py work_dirs/demo curve.pdf"""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser('Draw losses and AP of a training run.', EXAMPLES)
    parser.add_argument('work_dir', type=Path, help='folder of the run, as given to tools/train.py')
    parser.add_argument(
        'out',
        type=Path,
        nargs='?',
        help='figure to write (.png, .pdf, .jpg; default: training_curve.png in that folder)',
    )
    args = parser.parse_args(arguments)
    out = args.out or args.work_dir / 'training_curve.png'
    check_figure_path(out)
    save_figure(draw_training_curve(read_records(args.work_dir), args.work_dir.name), out)
    print(f'Wrote {out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
