# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Time models, and the machine's own limits beside them."""

import argparse
import json
import platform
import sys
from itertools import count
from pathlib import Path

import torch
from speed.limits import copy_rate
from speed.plot import draw_rows
from speed.report import beside_baseline, table
from speed.rows import ONNX_THREADS, RUNS, inference_rows, onnx_rows, training_rows
from speed.subject import Subject
from speed.timing import TURNS
from speed.training import check_training

from sdpose.cli import run_tool
from sdpose.engine.devices import choose_device
from sdpose.errors import InputError
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable, write_whole
from sdpose.runtime.progress import Progress

EXAMPLES = """\
  python tools/benchmark.py CONFIG                            # on the CPU, batches of 1 and 8
  python tools/benchmark.py CONFIG --amp --data-root data/coco      # with training steps
  python tools/benchmark.py CONFIG mmpose::body_2d_keypoint/topdown_heatmap/coco/OTHER.py --onnx
  PYTHONPATH=tests python tools/benchmark.py CONFIG --baseline tests/plain/plain_sdpose-s-v1.py"""
NOTES = """
Models have random weights. Times are medians, beside the quartiles; all models take turns.
network: crops through backbone, neck and head. predict: 8-bit crops to keypoints, as users get
them. train: a step of the config's training; its data are loaded by one process, and are not part
of step. Multiply-adds are 10^9 a run, those of attention included. The limit is the rate of the
matrix products that the model's layers amount to, at their own shapes, one after the other, in
the same precision. MB: peak of predictions, or of a step, weights included. times: as fast as the
baseline."""


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__ or '', EXAMPLES)
    parser.add_argument('configs', nargs='+', metavar='CONFIG', help='a file, or mmpose::...')
    parser.add_argument(
        '--baseline', metavar='CONFIG', help='what the others are compared with: float32, eager'
    )
    parser.add_argument('--device', default='cpu', help='cpu (default), cuda')
    parser.add_argument('--amp', action='store_true', help='half precision')
    parser.add_argument('--compile', action='store_true', help='compile the networks')
    parser.add_argument(
        '--batch-sizes', nargs='+', type=int, default=[1, 8], metavar='N', help='default: 1 8'
    )
    parser.add_argument(
        '--data-root', help="folder of the configs' data set: time training steps as well"
    )
    parser.add_argument('--onnx', action='store_true', help='time ONNX Runtime as well')
    parser.add_argument('--json', type=Path, metavar='OUT', help='file for the rows')
    parser.add_argument(
        '--plot', type=Path, metavar='OUT', help='figure of time and memory by batch (.png, .pdf)'
    )
    return parser.parse_args(arguments)


def check(args: argparse.Namespace) -> None:
    """Find out before the work whether it can be done.

    Raises:
        InputError: It cannot.
    """
    device = choose_device(args.device)
    if device.type == 'cuda':
        torch.cuda.set_device(device)
    if min(args.batch_sizes) < 1:
        raise InputError(f'--batch-sizes {min(args.batch_sizes)}: at least one image must go in.')
    if args.json:
        check_writable(args.json)
    if args.plot:
        check_figure_path(args.plot)
        check_writable(args.plot)


def subjects_of(args: argparse.Namespace) -> list[Subject]:
    """The models, the baseline first; all of them can be built.

    Raises:
        InputError: One cannot.
    """
    subjects = [Subject(args.baseline, args.device, prepared=False)] if args.baseline else []
    subjects += [Subject(each, args.device, args.amp, args.compile) for each in args.configs]
    for subject in dict.fromkeys(subjects):
        with torch.device('meta'):
            subject.build()
        if args.data_root:
            check_training(subject, args.data_root)
    return list(dict.fromkeys(subjects))


def machine(device: str) -> dict:
    """What the numbers are of."""
    return dict(
        processor=platform.processor() or platform.machine(),
        instructions=torch.backends.cpu.get_cpu_capability(),
        gpu=torch.cuda.get_device_name(device) if device.startswith('cuda') else None,
        threads=torch.get_num_threads(),
        torch=torch.__version__,
        copied_bytes_per_second=copy_rate(device),
    )


def main(arguments: Arguments = None) -> None:
    """Measure, and print the table."""
    args = parse_args(arguments)
    check(args)
    subjects = subjects_of(args)
    per_batch = 1 + len(RUNS) * TURNS + (1 + TURNS if args.data_root else 0)
    of_onnx = len(ONNX_THREADS) if args.onnx else 0
    progress = Progress(len(subjects) * (per_batch * len(args.batch_sizes) + of_onnx), 'turns')
    numbers = count(1)

    def done() -> None:
        progress.show(next(numbers))

    rows = inference_rows(subjects, args.batch_sizes, done)
    if args.data_root:
        rows += training_rows(subjects, args.batch_sizes, args.data_root, done)
    if args.onnx:
        rows += onnx_rows(subjects, done)
    progress.end()
    if args.baseline:
        rows = beside_baseline(rows, subjects[0].name)
    about = machine(args.device)
    print(table(rows))
    for row in rows:
        if 'compiled' in row.model and row.run == 'network':
            print(f'{row.model}, batch {row.batch_size}: first call {row.timing.first:.0f} s')
    print(NOTES)
    print(', '.join(f'{name} {value}' for name, value in about.items() if value))
    if args.json:
        found = dict(machine=about, rows=[row.to_json() for row in rows])
        write_whole(args.json, json.dumps(found, indent=2).encode())
    if args.plot:
        save_figure(draw_rows(rows), args.plot)


if __name__ == '__main__':
    sys.exit(run_tool(main))
