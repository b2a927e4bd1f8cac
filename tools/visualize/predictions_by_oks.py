# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw the best and the worst predictions by OKS, and which of their joints are wrong."""

import sys

from sdpose.cli import add_result_arguments, run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.predictions_by_oks import draw_best_and_worst
from sdpose.figures.results import read_results
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  # DistilPose, figure 6
  python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=work_dirs/a
  python tools/visualize/predictions_by_oks.py \\
      data/coco/annotations/person_keypoints_val2017.json data/coco/val2017 \\
      work_dirs/a.keypoints.json oks.png --min-keypoints 8

  # what tools/infer.py has written, on CrowdPose
  python tools/visualize/predictions_by_oks.py TRUTH.json data/crowdpose/images \\
      work_dirs/infer/predictions.json oks.pdf --metainfo crowdpose"""


def main(arguments: Arguments = None) -> None:
    """Match, draw and save, and print the tables."""
    parser = make_parser(
        'Draw the best and the worst predictions by OKS, keypoints coloured by confidence, and '
        'mark which joints are wrong.',
        EXAMPLES,
    )
    add_result_arguments(parser)
    parser.add_argument(
        '--number', type=int, default=6, help='how many of the best and of the worst (default: 6)'
    )
    parser.add_argument(
        '--threshold',
        type=float,
        default=0.5,
        help='OKS from which a person, similarity from which a joint is right (default: 0.5)',
    )
    parser.add_argument(
        '--min-keypoints',
        type=int,
        default=1,
        metavar='K',
        help='leave out persons with fewer labelled keypoints (default: 1)',
    )
    args = parser.parse_args(arguments)
    check_figure_path(args.out)
    results = read_results(args.annotations, args.images, args.predictions, args.metainfo)
    figure, tables = draw_best_and_worst(results, args.number, args.threshold, args.min_keypoints)
    save_figure(figure, args.out)
    print(f'{tables}\n\nWrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
