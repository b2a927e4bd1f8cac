# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find out where predictions go wrong: AP of groups, joints, types of errors, calibration."""

import json
import sys
from pathlib import Path

from sdpose.cli import add_metainfo, run_tool
from sdpose.figures.analysis import analyse, draw, tables
from sdpose.figures.canvas import save_figure
from sdpose.figures.results import read_results
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable, write_whole

EXAMPLES = """\
  python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=work_dirs/a
  python tools/analyse.py work_dirs/a.keypoints.json \\
      data/coco/annotations/person_keypoints_val2017.json --out-dir work_dirs/analysis

  # keypoints of your own
  python tools/analyse.py work_dirs/a.keypoints.json TRUTH.json --metainfo my_keypoints.py"""


def main(arguments: Arguments = None) -> None:
    """Read, compute, print, and draw."""
    parser = make_parser(
        'Print AP and AR by size and by number of keypoints, accuracy and types of errors by '
        'joint, and the calibration of scores; with --out-dir, draw them as well.',
        EXAMPLES,
    )
    parser.add_argument('predictions', type=Path, help='in COCO results format')
    parser.add_argument('ground_truth', type=Path, help='annotations in COCO format')
    add_metainfo(parser)
    parser.add_argument('--out-dir', type=Path, help='folder for analysis.json and the pictures')
    args = parser.parse_args(arguments)
    if args.out_dir is not None:
        check_writable(args.out_dir / 'analysis.json')
    files = args.ground_truth, Path(), args.predictions
    analysis = analyse(read_results(*files, args.metainfo, with_ap=True))
    print(tables(analysis))
    if args.out_dir is not None:
        for name, figure in draw(analysis).items():
            save_figure(figure, args.out_dir / f'{name}.png')
        text = json.dumps(analysis, indent=1, ensure_ascii=False, allow_nan=False)
        write_whole(args.out_dir / 'analysis.json', text.encode())
        print(f'\nWrote {args.out_dir}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
