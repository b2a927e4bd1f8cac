# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Say what is wrong with annotations of keypoints in COCO's format, and what will hurt."""

import argparse
import sys
from pathlib import Path

from sdpose.annotations.audit import Audit
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.suspicious_persons import draw_suspicious_persons
from sdpose.runtime.command import Arguments, make_parser, run_command
from sdpose.runtime.files import check_writable
from sdpose.runtime.progress import printable

EXAMPLES = """\
  python tools/dataset/check_coco.py data/mine/train.json data/mine/images

  # pictures that training and validation share; a sheet of the persons in question
  python tools/dataset/check_coco.py data/mine/train.json data/mine/images \\
      --other data/mine/val.json data/mine/images --sheet suspicious.png

Exit status: 0 without errors; 1 with errors (training would refuse the data or break), or if a
file cannot be read at all; with --strict, 1 with warnings as well."""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Check annotations of keypoints, and their pictures.', EXAMPLES)
    add = parser.add_argument
    add('annotations', type=Path, metavar='ANN', help="file in COCO's format")
    add('images', type=Path, metavar='IMAGES', help='folder of its pictures')
    add('--other', type=Path, nargs=2, metavar=('ANN', 'IMAGES'), help='find pictures that another'
        ' split has as well')  # fmt: skip
    add('--show', type=int, default=5, metavar='N', help='records of a kind; 0: all (default: 5)')
    add('--no-pictures', action='store_true', help='read no picture')
    add('--strict', action='store_true', help='warnings count as errors')
    add('--sheet', type=Path, help='figure of the persons to write (.png, .pdf, .jpg)')
    args = parser.parse_args(arguments)
    if args.show < 0:
        parser.error(f'--show {args.show}: it must not be negative')
    if args.no_pictures and (args.other or args.sheet):
        parser.error('--other and --sheet need the pictures: leave out --no-pictures')
    return args


def main(arguments: Arguments = None) -> int:
    """Check, print what is found, and draw some of it."""
    args = parse_args(arguments)
    if args.sheet:
        check_figure_path(args.sheet)
        check_writable(args.sheet)
    audit = Audit(
        args.annotations, None if args.no_pictures else args.images, args.show, args.other
    )
    for found in audit.findings:
        print(
            f'{"error" if found.is_error else "warning"}: {found.count} x {printable(found.kind)}'
        )
        for record in found.records:
            print(f'    {printable(record.text)}')
    if args.sheet:
        figure = draw_suspicious_persons(audit, args.images)
        if figure:
            save_figure(figure, args.sheet)
        print(f'Wrote {args.sheet}.' if figure else f'No {args.sheet}: there is nobody to draw.')
    errors, warnings = audit.count(is_error=True), audit.count(is_error=False)
    print(
        f'{printable(args.annotations)}: {audit.num_persons} persons, {len(audit.images)} images, '
        f'{errors} errors, {warnings} warnings. '
        f'{"Training would refuse it" if errors else "It can be trained on"}.'
    )
    return int(errors > 0 or (args.strict and warnings > 0))


if __name__ == '__main__':
    sys.exit(run_command(main))
