# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw a DistilPose student's simulated heatmaps below its teacher's."""

import sys

from sdpose.cli import add_person_arguments, run_tool
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.person_crop import load_person
from sdpose.figures.simulated_heatmaps import draw_simulated_heatmaps
from sdpose.runtime.command import Arguments, make_parser, parse_args_with_boxes

EXAMPLES = """\
  # DistilPose, figure 5
  python tools/visualize/simulated_heatmaps.py CONFIG CHECKPOINT person.jpg heatmaps.png \\
      --cfg-options model.teacher.checkpoint=teacher.pth
  python tools/visualize/simulated_heatmaps.py CONFIG CHECKPOINT street.jpg wrists.pdf \\
      --bbox 20,30,100,240 --keypoint left_wrist right_wrist"""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser("Draw a student's simulated heatmaps below its teacher's.", EXAMPLES)
    add_person_arguments(parser)
    args = parse_args_with_boxes(parser, arguments)
    check_figure_path(args.out)
    inferencer, crop = load_person(
        args.config, args.checkpoint, args.image, args.bbox, args.device, args.cfg_options
    )
    save_figure(draw_simulated_heatmaps(inferencer, crop, args.keypoint), args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
