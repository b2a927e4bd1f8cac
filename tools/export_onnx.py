# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Export a trained model to ONNX, and check the result against PyTorch."""

import argparse
import json
import sys
from pathlib import Path

from mmengine.config import Config

from sdpose.cli import add_cfg_options, add_data_root, load_changed_config, run_tool
from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable, write_whole

EXAMPLES = """\
  python tools/export_onnx.py CONFIG CHECKPOINT model.onnx
  python tools/export_onnx.py CONFIG CHECKPOINT model.onnx --decode     # keypoints, no heatmaps
  python tools/export_onnx.py CONFIG CHECKPOINT model_rtmlib.onnx --for rtmlib
  python tools/export_onnx.py CONFIG CHECKPOINT model_fp16.onnx --fp16
  python tools/export_onnx.py CONFIG CHECKPOINT model_int8.onnx --int8
  python tools/infer_onnx.py model.onnx photo.jpg --whole-image         # run it"""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Export a trained model to ONNX, in a single cycle and for any batch size, and check the '
        'result against PyTorch. OUT.json, beside it, says what a program must know to run it.',
        EXAMPLES,
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('out', type=Path, help='file to write (.onnx)')
    output = parser.add_mutually_exclusive_group()
    output.add_argument(
        '--decode',
        action='store_true',
        help='keypoints in pixels of the input crop and scores instead of heatmaps '
        '(a regression model always gives these)',
    )
    output.add_argument(
        '--for', dest='target', choices=['rtmlib'], help="what rtmlib's class RTMPose takes"
    )
    precision = parser.add_mutually_exclusive_group()
    precision.add_argument('--fp16', action='store_true', help='half precision')
    precision.add_argument('--int8', action='store_true', help='linear layers with 8-bit weights')
    add_data_root(parser)
    add_cfg_options(parser, 'model.neck.depth=6')
    return parser.parse_args(arguments)


def read_config(args: argparse.Namespace) -> Config:
    """Check the options and read the config."""
    if args.out.suffix != '.onnx':
        raise InputError(f'{args.out} must end with .onnx.')
    written = {args.out.resolve(), args.out.with_suffix('.json').resolve()}
    for given in (args.config, args.checkpoint):
        if Path(given).resolve() in written:
            raise InputError(f'{args.out} or its card (.json) would replace {given}.')
    return load_changed_config(args)


def main(arguments: Arguments = None) -> None:
    """Export."""
    args = parse_args(arguments)
    cfg = read_config(args)
    check_writable(args.out)
    try:
        from sdpose.export.exporter import export  # noqa: PLC0415
        from sdpose.export.parity import TOLERANCE  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise InputError(
            f'Exporting needs {error.name}, which is not installed: pip install onnx onnxruntime'
        ) from error

    precision = 'fp16' if args.fp16 else 'int8' if args.int8 else 'fp32'
    exported = export(cfg, args.checkpoint, args.decode, precision, args.target)
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
    write_whole(card_file, card.encode())
    write_whole(args.out, exported.graph)
    print(f'Wrote {args.out} ({len(exported.graph) / 1e6:.1f} MB) and {card_file}.')


if __name__ == '__main__':
    sys.exit(run_tool(main))
