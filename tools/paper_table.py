# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Build every model of the papers, and print our figures beside theirs."""

import argparse
import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

import sdpose.plugin  # noqa: F401  registers the modules, and lets MMPose import

# isort: split
from mmpose.registry import MODELS

from sdpose.checkpoints.latest import find_latest_checkpoint
from sdpose.cli import run_tool
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable, write_whole

ROOT = Path(__file__).parents[1]
NUMBERS = ROOT / 'tools/paper_numbers.csv'
TOLERANCE = 0.02
EXAMPLES = """\
  python tools/paper_table.py                       # parameters and GFLOPs, half a minute
  python tools/paper_table.py --json table.json
  python tools/paper_table.py --checkpoints work_dirs --data-root data/coco   # with AP and AR"""

NOTES = """
Params are the trainable ones, in millions. GFLOPs are 10^9 multiply-adds for one image of 256x192:
the papers leave out the two products of attention, Q K^T and (softmax) V, so ours stand without
them first, then with them. A row is off when it differs by more than 2 %. MMPose's models (in
italics) are counted by their papers in other ways, so they are shown but not checked. AP and AR
are on COCO val2017; the papers' stand beside ours."""


@dataclass(frozen=True)
class PaperModel:
    """What the papers say of a model: their figures, not ours.

    Attributes:
        name: As the papers call it.
        config: Its config, below ``configs/``, or one of MMPose's own (``mmpose::...``).
        source: Where the figures stand.
        params: Millions of parameters; like the others ``None`` where the papers have none.
        gflops: Multiply-adds, 10^9.
        ap: AP on COCO val2017, in percent.
        ar: AR on COCO val2017, in percent.
    """

    name: str
    config: str
    source: str
    params: float | None
    gflops: float | None
    ap: float | None
    ar: float | None

    @property
    def is_ours(self) -> bool:
        """Whether it is checked; MMPose's models are counted by others in other ways."""
        return '::' not in self.config


@dataclass(frozen=True)
class Measured:
    """Our figures of a model.

    Attributes:
        params: Millions of trainable parameters.
        gflops: 10^9 multiply-adds without the products of attention.
        gflops_with_attention: With them.
        ap: AP in percent, where a checkpoint was tested.
        ar: AR in percent.
    """

    params: float
    gflops: float
    gflops_with_attention: float
    ap: float | None = None
    ar: float | None = None


def read_numbers() -> list[PaperModel]:
    """Read the papers' figures."""
    with NUMBERS.open(encoding='utf-8', newline='') as file:
        _, *rows = csv.reader(file)  # without the head; the columns are the attributes
    return [
        PaperModel(name, config, source, *(float(number) if number else None for number in numbers))
        for name, config, source, *numbers in rows
    ]


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__ or '', EXAMPLES)
    parser.add_argument('--json', type=Path, help='file for the table')
    parser.add_argument(
        '--checkpoints',
        type=Path,
        metavar='DIR',
        help='test DIR/NAME.pth or the last epoch in DIR/NAME/, NAME being that of a config',
    )
    parser.add_argument('--data-root', help='folder of COCO, for --checkpoints')
    parser.add_argument('--models', nargs='+', metavar='NAME', help='these rows only')
    return parser.parse_args(arguments)


def config_path(model: PaperModel) -> str:
    """Where the config of a model is."""
    return model.config if '::' in model.config else str(ROOT / 'configs' / model.config)


def measure(model: PaperModel) -> Measured:
    """Build a model, without numbers in it, and count its parameters and multiply-adds."""
    try:
        from torch.nn.attention import SDPBackend, sdpa_kernel  # noqa: PLC0415
        from torch.utils.flop_counter import FlopCounterMode  # noqa: PLC0415
    except ImportError as error:
        raise InputError('Counting multiply-adds needs torch 2.3 or newer.') from error
    cfg = load_config(config_path(model))
    init_default_scope('mmpose')
    (width, height), *_ = (s.input_size for s in cfg.val_pipeline if s.type == 'TopdownAffine')
    attention_as_products = sdpa_kernel(SDPBackend.MATH)
    counter = FlopCounterMode(display=False)
    with torch.device('meta'), torch.no_grad(), attention_as_products:
        network = MODELS.build(cfg.model).eval()
        with counter:
            network(torch.zeros(1, 3, height, width), None, mode='tensor')
    flops = {str(name): count for name, count in counter.get_flop_counts()['Global'].items()}
    products = sum(count for name, count in flops.items() if name.endswith('.bmm'))
    multiply_adds = sum(flops.values()) / 2
    return Measured(
        params=sum(p.numel() for p in network.parameters() if p.requires_grad) / 1e6,
        gflops=(multiply_adds - products / 2) / 1e9,
        gflops_with_attention=multiply_adds / 1e9,
    )


def find_checkpoint(folder: Path, config: str) -> Path | None:
    """Find the checkpoint of a config in a folder of runs or of files."""
    name = Path(config).stem
    file = folder / f'{name}.pth'
    return file if file.is_file() else find_latest_checkpoint(folder / name)


def test_checkpoint(config: str, checkpoint: Path, data_root: str | None) -> dict[str, float]:
    """Run ``tools/test.py`` and read its metrics."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / 'metrics.json'
        command = [sys.executable, str(ROOT / 'tools/test.py'), config, str(checkpoint)]
        command += ['--out', str(out), '--work-dir', folder]
        command += ['--data-root', data_root] if data_root else []
        result = subprocess.run(command, stdout=sys.stderr, check=False)
        if result.returncode:
            raise InputError(f'tools/test.py failed for {config} and {checkpoint}; see above.')
        return json.loads(out.read_text())


def is_off(paper: float | None, ours: float) -> bool:
    """Whether our figure differs by more than 2 % from the paper's."""
    if paper is None:
        return False
    return abs(ours - paper) > TOLERANCE * paper


def table_row(model: PaperModel, ours: Measured) -> str:
    """One line of markdown."""

    def cell(value: float | None, digits: int) -> str:
        return '' if value is None else f'{value:.{digits}f}'

    def paper(value: float | None) -> str:
        return '' if value is None else f'{value:g}'

    name = model.name if model.is_ours else f'*{model.name}*'
    off = ' **off**' if model.is_ours else ''
    cells = [
        name,
        paper(model.params),
        cell(ours.params, 3) + (off if is_off(model.params, ours.params) else ''),
        paper(model.gflops),
        cell(ours.gflops, 3) + (off if is_off(model.gflops, ours.gflops) else ''),
        cell(ours.gflops_with_attention, 3),
        paper(model.ap),
        cell(ours.ap, 1),
        paper(model.ar),
        cell(ours.ar, 1),
        model.source,
    ]
    return f'| {" | ".join(cells)} |'


HEADER = """\
| model | paper's params | ours | paper's GFLOPs | ours | with attention \
| paper's AP | ours | paper's AR | ours | paper's table |
|---|---|---|---|---|---|---|---|---|---|---|"""


def select(names: list[str] | None) -> list[PaperModel]:
    """The rows to print."""
    known = {model.name: model for model in read_numbers()}
    for name in names or []:
        if name not in known:
            raise InputError(f'There is no model {name}. Known ones: {", ".join(known)}.')
    return [known[name] for name in names or known]


def main(arguments: Arguments = None) -> int:
    """Print the table; 1 if one of our models is off."""
    args = parse_args(arguments)
    if args.json and args.json.suffix != '.json':
        raise InputError(f'{args.json} must end with .json.')
    if args.json:
        check_writable(args.json)
    if args.checkpoints and not args.checkpoints.is_dir():
        raise InputError(f'There is no folder {args.checkpoints}.')
    rows, num_off = [], 0
    print(HEADER, flush=True)
    for model in select(args.models):
        ours = measure(model)
        checkpoint = args.checkpoints and find_checkpoint(args.checkpoints, model.config)
        if checkpoint:
            metrics = test_checkpoint(config_path(model), checkpoint, args.data_root)
            ours = replace(ours, ap=100 * metrics['coco/AP'], ar=100 * metrics['coco/AR'])
        print(table_row(model, ours), flush=True)
        is_wrong = is_off(model.params, ours.params) or is_off(model.gflops, ours.gflops)
        num_off += model.is_ours and is_wrong
        rows.append(dict(paper=asdict(model), ours=asdict(ours), checkpoint=str(checkpoint or '')))
    print(NOTES)
    if args.json:
        write_whole(args.json, json.dumps(rows, indent=2).encode())
    if num_off:
        sys.stderr.write(f'Error: {num_off} of our models are off by more than 2 %.\n')
    return int(num_off > 0)


if __name__ == '__main__':
    sys.exit(run_tool(main))
