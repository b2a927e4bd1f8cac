# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Export a trained model to ONNX, and check the result against PyTorch."""

import argparse
import json
from pathlib import Path

from mmengine.config import Config, DictAction

from sdpose.cli import check_options, load_config, make_parser, replace_data_root, run_tool
from sdpose.engine import AtomicLocalBackend
from sdpose.errors import InputError
from sdpose.export.packages import require_onnx

EXAMPLES = """\
  python tools/export_onnx.py CONFIG CHECKPOINT model.onnx
  python tools/export_onnx.py CONFIG CHECKPOINT model.onnx --decode     # keypoints, no heatmaps
  python tools/export_onnx.py CONFIG CHECKPOINT model_fp16.onnx --fp16
  python tools/export_onnx.py CONFIG CHECKPOINT model_int8.onnx --int8 --data-root data/coco
  python tools/infer_onnx.py model.onnx photo.jpg --whole-image         # run it"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Export a trained model to ONNX, in a single cycle and for any batch size, and check the '
        'result against PyTorch. OUT.json, beside it, says what a program must know to run it.',
        EXAMPLES,
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', type=Path, help='file to write (.onnx)')
    parser.add_argument(
        '--decode',
        action='store_true',
        help='keypoints in pixels of the input crop and scores instead of heatmaps '
        '(a regression model always gives these)',
    )
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument('--fp16', action='store_true', help='half precision')
    precision.add_argument(
        '--int8', action='store_true', help='8-bit integers, calibrated on person crops'
    )
    parser.add_argument(
        '--calibration-images',
        type=Path,
        metavar='FOLDER',
        help="for --int8: pictures of one person each, instead of the config's validation set",
    )
    parser.add_argument(
        '--calibration-number', type=int, default=128, help='at most so many crops (default: 128)'
    )
    parser.add_argument('--data-root', help="folder of the data set, instead of the config's")
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=DictAction,
        default={},
        metavar='KEY=VALUE',
        help='settings that replace those of the config',
    )
    return parser.parse_args()


def read_config(args: argparse.Namespace) -> Config:
    """Check the options and read the config."""
    if args.out.suffix != '.onnx':
        raise InputError(f'{args.out} must end with .onnx.')
    if args.calibration_images and not args.int8:
        raise InputError('--calibration-images is for --int8, which is not given.')
    if args.calibration_number < 1:
        raise InputError('--calibration-number: at least one crop is needed.')
    cfg = load_config(args.config)
    if args.data_root:
        replace_data_root(cfg, args.data_root)
    check_options(cfg, args.cfg_options)
    cfg.merge_from_dict(args.cfg_options)
    return cfg


def main() -> None:
    """Export."""
    args = parse_args()
    cfg = read_config(args)
    require_onnx()
    # imported here, where their packages are known to be there
    from sdpose.export.exporter import export  # noqa: PLC0415
    from sdpose.export.parity import TOLERANCE  # noqa: PLC0415

    precision = 'fp16' if args.fp16 else 'int8' if args.int8 else 'fp32'
    exported = export(
        cfg,
        args.checkpoint,
        decode=args.decode,
        precision=precision,
        calibration_images=args.calibration_images,
        calibration_number=args.calibration_number,
    )
    print(f'{precision} model compared with PyTorch in fp32:')
    for line in (*exported.differences, *exported.notes):
        print(f'  {line}')
    # the other way round NaN would pass
    if precision == 'fp32' and not exported.relative_difference <= TOLERANCE:
        raise InputError(
            f'The exported model differs from PyTorch by {exported.relative_difference:.1e} of its '
            f"output's scale, more than {TOLERANCE:g}: {args.out} was not written."
        )
    card = json.dumps(exported.card, indent=2) + '\n'
    card_file = args.out.with_suffix('.json')
    AtomicLocalBackend().put(card.encode(), card_file)
    AtomicLocalBackend().put(exported.graph, args.out)
    print(f'Wrote {args.out} ({len(exported.graph) / 1e6:.1f} MB) and {card_file}.')


if __name__ == '__main__':
    run_tool(main)
