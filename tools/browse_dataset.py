# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Show what augmentation and targets really do to the data of a config."""

import sys
from pathlib import Path

from sdpose.cli import add_cfg_options, add_data_root, load_changed_config, run_tool
from sdpose.engine.setting_checks import check_setting
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.figures.dataset_samples import draw_samples, load_samples
from sdpose.runtime.command import Arguments, make_parser

EXAMPLES = """\
  python tools/browse_dataset.py CONFIG sheet.png
  python tools/browse_dataset.py CONFIG sheet.png --number 24 --seed 1 --data-root /data/coco
  python tools/browse_dataset.py CONFIG sheet.pdf --phase val

Each sample has three pictures: the image with the person's box (yellow) and the region that the
network sees (blue), the input with its keypoints (orange: left, green: right, blue: middle), and
the target: heatmaps summed over the keypoints, or coordinates. Keypoints with weight 0, which are
not labelled or lie outside, are grey crosses, moved to the border if they lie beyond it."""


def main(arguments: Arguments = None) -> None:
    """Draw and save."""
    parser = make_parser(
        'Show samples of a data set as images, as inputs of the network and as targets.', EXAMPLES
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('out', type=Path, help='sheet to write (.png, .pdf, .jpg)')
    parser.add_argument('--phase', choices=('train', 'val', 'test'), default='train')
    parser.add_argument('--number', type=int, default=12, help='how many samples (default: 12)')
    parser.add_argument(
        '--seed', type=int, default=0, help='of the choice of samples and of augmentation'
    )
    add_data_root(parser)
    add_cfg_options(parser, 'train_dataloader.dataset.pipeline.2.prob=0')
    args = parser.parse_args(arguments)
    check_setting('seed', args.seed)
    check_figure_path(args.out)
    samples = load_samples(load_changed_config(args), args.phase, args.number, args.seed)
    save_figure(draw_samples(samples), args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
