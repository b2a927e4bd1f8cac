# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Compare the distributions of two checkpoints' parameters, layer by layer."""

import sys
from pathlib import Path

from sdpose.cli import run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.parameters import compare_parameters
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  # SDPose, figure 2
  python tools/visualize/parameters.py tokenpose.pth sdpose.pth parameters.png
  python tools/visualize/parameters.py tokenpose.pth sdpose.pth parameters.pdf \\
      --names baseline self-distilled --near-zero 0.005"""


def main(arguments: Arguments = None) -> None:
    """Draw and save, and print the table."""
    parser = make_parser(
        "Compare the distributions of two checkpoints' parameters, layer by layer. "
        "A layer's parameters are the weights of its linear maps, without norms and biases.",
        EXAMPLES,
    )
    parser.add_argument('checkpoints', type=Path, nargs=2, metavar='CHECKPOINT', help='two of them')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    parser.add_argument('--names', nargs=2, help="what to call them (default: their files' names)")
    parser.add_argument(
        '--near-zero',
        type=float,
        default=1e-2,
        metavar='W',
        help='a parameter w is near zero if |w| < W (default: 0.01)',
    )
    args = parser.parse_args(arguments)
    check_figure_path(args.out)
    figure, table = compare_parameters(args.checkpoints, args.names, args.near_zero)
    save_figure(figure, args.out)
    print(f'{table}\n\nWrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
