# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw predictions beside the ground truth, several images on one sheet."""

import sys

from sdpose.cli import add_result_arguments, run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.contact_sheet import draw_contact_sheet
from sdpose.figures.results import read_results
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=work_dirs/a
  python tools/visualize/contact_sheet.py data/coco/annotations/person_keypoints_val2017.json \\
      data/coco/val2017 work_dirs/a.keypoints.json sheet.png"""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser(
        'Draw predictions beside the ground truth, keypoints coloured by confidence.', EXAMPLES
    )
    add_result_arguments(parser)
    parser.add_argument('--number', type=int, default=8, help='how many images (default: 8)')
    parser.add_argument(
        '--min-score', type=float, default=0.2, help='leave out weaker persons (default: 0.2)'
    )
    args = parser.parse_args(arguments)
    check_figure_path(args.out)
    results = read_results(args.annotations, args.images, args.predictions, args.metainfo)
    save_figure(draw_contact_sheet(results, args.number, args.min_score), args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
