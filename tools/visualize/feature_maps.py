# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw the last feature map of a model's backbone."""

import sys

from sdpose.cli import add_person_arguments, run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.feature_maps import draw_feature_maps
from sdpose.figures.person_crop import load_person
from sdpose.runtime.command import Arguments, make_parser, parse_args_with_boxes

EXAMPLES = """\
  # DistilPose, figure 3(a): one figure of the student, one of the teacher
  python tools/visualize/feature_maps.py STUDENT_CONFIG student.pth person.jpg student.png
  python tools/visualize/feature_maps.py TEACHER_CONFIG teacher.pth person.jpg teacher.png
  python tools/visualize/feature_maps.py CONFIG CHECKPOINT street.jpg wrist.pdf \\
      --bbox 20,30,100,240 --channels 0 5 7 --keypoint left_wrist"""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser(
        "Draw the absolute activations of the backbone's last feature map: their mean over all "
        'channels, and some channels. --keypoint marks predicted keypoints.',
        EXAMPLES,
    )
    add_person_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument('--channels', type=int, nargs='+', metavar='N', help='these, from 0')
    which.add_argument(
        '--number',
        type=int,
        default=10,
        help='how many channels, those with the largest mean (default: 10)',
    )
    args = parse_args_with_boxes(parser, arguments)
    check_figure_path(args.out)
    inferencer, crop = load_person(
        args.config, args.checkpoint, args.image, args.bbox, args.device, args.cfg_options
    )
    figure = draw_feature_maps(inferencer, crop, args.channels, args.number, args.keypoint)
    save_figure(figure, args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
