# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw what keypoint tokens attend to, by layer and cycle."""

import sys

from sdpose.cli import add_person_arguments, run_tool
from sdpose.figures.attention import draw_attention
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.person_crop import load_person
from sdpose.runtime.command import Arguments, make_parser, parse_args_with_boxes

EXAMPLES = """\
  # SDPose, figure 4: from the nose's token to the image, the second cycle above the first
  python tools/visualize/attention.py CONFIG CHECKPOINT person.jpg nose.png \\
      --cfg-options model.neck.test_cycles=2
  python tools/visualize/attention.py CONFIG CHECKPOINT street.jpg wrists.pdf \\
      --bbox 20,30,100,240 --keypoint left_wrist right_wrist --layers 0 6 11

  # DistilPose, figure 3(b): from the right ankle's token, in the student or the teacher
  python tools/visualize/attention.py CONFIG CHECKPOINT person.jpg ankle.png \\
      --keypoint right_ankle

  # between keypoint tokens, as SDPose's section 4.3 describes figure 5
  python tools/visualize/attention.py CONFIG CHECKPOINT person.jpg keypoints.png \\
      --between keypoints --cfg-options model.neck.test_cycles=2"""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser('Draw what keypoint tokens attend to, by layer and cycle.', EXAMPLES)
    add_person_arguments(parser)
    parser.add_argument(
        '--between',
        choices=('image', 'keypoints'),
        default='image',
        help='attention of each --keypoint to the image (default), or between the keypoints '
        '(all of them, unless --keypoint names some)',
    )
    parser.add_argument(
        '--layers', type=int, nargs='+', metavar='N', help='counted from 0 (default: all)'
    )
    parser.add_argument('--head', type=int, help='one head, from 0 (default: the mean of all)')
    args = parse_args_with_boxes(parser, arguments)
    check_figure_path(args.out)
    inferencer, crop = load_person(
        args.config, args.checkpoint, args.image, args.bbox, args.device, args.cfg_options
    )
    figure = draw_attention(
        inferencer, crop, args.between, args.keypoint, layers=args.layers, head=args.head
    )
    save_figure(figure, args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
