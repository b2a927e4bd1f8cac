# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Build every model of the papers, and print our figures beside theirs."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from papers.measure import Complexity, count, images_per_second, metrics_of
from papers.tables import Model, models, number, own_ap, tables

from sdpose.checkpoints.latest import find_latest_checkpoint
from sdpose.cli import run_tool
from sdpose.engine.devices import choose_device
from sdpose.errors import InputError
from sdpose.figures.ap_by_size import Point, draw_ap_by_size
from sdpose.figures.canvas import check_figure_path, save_figure
from sdpose.runtime.command import Arguments, make_parser
from sdpose.runtime.files import check_writable, write_whole

TOLERANCE = 0.02
EXAMPLES = """\
  python tools/paper_table.py                       # parameters and GFLOPs, half a minute
  python tools/paper_table.py --fps --models SDPose-Reg DistilPose-S
  python tools/paper_table.py --checkpoints work_dirs --data-root data/coco   # with AP and AR
  python tools/paper_table.py --figure sdpose figure1.png                     # its figure 1"""

NOTES = """
Params are the trainable ones, in millions. GFLOPs are 10^9 multiply-adds for one image of 256x192:
the papers leave out the two products of attention, Q K^T and (softmax) V, so ours stand without
them first, then with them. A row is off when it differs by more than 2 %. MMPose's models (in
italics) are counted by their papers in other ways, so they are shown but not checked. FPS are
images a second at batch 1 with flip test and decoding, by the median; the papers name no hardware.
APs of the papers are on the data set that is named; test-dev's annotations are not public, so
--checkpoints leaves it out: docs/papers.md says how to submit."""

# Figure 1 of a paper -> the tables that it shows
FIGURES = {'sdpose': ('sdpose-1', 'sdpose-2'), 'distilpose': ('distilpose-1',)}
# Data set -> prefix of its metrics, and the option with its folder
TESTED_ON = {
    'COCO val2017': ('coco', 'data_root'),
    'CrowdPose test': ('crowdpose', 'crowdpose_root'),
}
COLUMNS = ('model', "paper's params", 'ours', "paper's GFLOPs", 'ours', 'with attention')
COLUMNS_OF_AP = ("paper's AP", 'ours', "its own authors'", "paper's AR", 'ours', 'on', 'table')


@dataclass(frozen=True)
class Measured:
    """Our figures of a model; ``None`` where nothing was measured.

    Attributes:
        size: Parameters and multiply-adds.
        fps: Images a second.
        ap: AP in percent, where a checkpoint was tested.
        ar: AR in percent.
    """

    size: Complexity
    fps: float | None = None
    ap: float | None = None
    ar: float | None = None


def parse_args(arguments: Arguments) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(__doc__ or '', EXAMPLES)
    parser.add_argument('--json', type=Path, help='file for the table')
    parser.add_argument(
        '--checkpoints',
        type=Path,
        metavar='DIR',
        help='test DIR/NAME.pth or the last epoch in DIR/NAME/, NAME being that of a config, on '
        'COCO val2017 and CrowdPose test',
    )
    parser.add_argument('--data-root', help='folder of COCO, for --checkpoints')
    parser.add_argument('--crowdpose-root', help='folder of CrowdPose, for --checkpoints')
    parser.add_argument('--fps', action='store_true', help='time the models on this machine')
    parser.add_argument('--device', default='cpu', help='for --fps: cpu (default), cuda')
    parser.add_argument('--models', nargs='+', metavar='NAME', help='these rows only')
    parser.add_argument(
        '--figure',
        nargs=2,
        metavar=('PAPER', 'FILE'),
        help=f'draw figure 1 of a paper ({", ".join(FIGURES)}): AP by parameters and by GFLOPs, '
        'with your checkpoints on top (.png, .pdf, .jpg)',
    )
    return parser.parse_args(arguments)


def measure(model: Model, args: argparse.Namespace) -> Measured:
    """Measure what is asked for."""
    size = count(model)
    fps = images_per_second(model, args.device) if args.fps else None
    checkpoint = args.checkpoints and find_checkpoint(args.checkpoints, model)
    if not checkpoint or model.data not in TESTED_ON:
        return Measured(size, fps)
    prefix, root = TESTED_ON[model.data]
    data_root = vars(args)[root]
    metrics = metrics_of(model, checkpoint, data_root)
    return Measured(size, fps, 100 * metrics[f'{prefix}/AP'], 100 * metrics[f'{prefix}/AR'])


def find_checkpoint(folder: Path, model: Model) -> Path | None:
    """Find the checkpoint of a model in a folder of runs or of files."""
    name = Path(model.config).stem
    file = folder / f'{name}.pth'
    return file if file.is_file() else find_latest_checkpoint(folder / name)


def is_off(model: Model, size: Complexity) -> tuple[bool, bool]:
    """Whether our parameters and GFLOPs differ by more than 2 % from the paper's."""
    pairs = ((model.number('params'), size.params), (model.number('gflops'), size.gflops))
    params_off, gflops_off = (
        model.is_ours and paper is not None and abs(ours - paper) > TOLERANCE * paper
        for paper, ours in pairs
    )
    return params_off, gflops_off


def table_row(model: Model, ours: Measured, with_fps: bool) -> str:
    """One line of markdown."""

    def cell(value: float | None, digits: int) -> str:
        return '' if value is None else f'{value:.{digits}f}'

    params_off, gflops_off = (' **off**' if off else '' for off in is_off(model, ours.size))
    cells = [
        model.name if model.is_ours else f'*{model.name}*',
        model.cell('Params'),
        cell(ours.size.params, 3) + params_off,
        model.cell('GFLOPs'),
        cell(ours.size.gflops, 3) + gflops_off,
        cell(ours.size.gflops_with_attention, 3),
        *([model.cell('FPS'), cell(ours.fps, 1)] if with_fps else []),
        model.cell('AP'),
        cell(ours.ap, 1),
        model.cell('AP of its own authors') or own_ap(model),
        model.cell('AR'),
        cell(ours.ar, 1),
        model.data,
        tables()[model.source].source if model.source else '',
    ]
    return f'| {" | ".join(cells)} |'


def json_row(model: Model, ours: Measured) -> dict:
    """A row as numbers, without what the papers add to theirs in brackets."""
    paper = {column: model.number(column) for column in ('params', 'gflops', 'FPS', 'ap', 'ar')}
    figures = dict(ours.size._asdict(), fps=ours.fps, ap=ours.ap, ar=ours.ar)
    return dict(name=model.name, config=model.config, data=model.data, paper=paper, ours=figures)


def select(names: list[str] | None) -> list[Model]:
    """The rows to print: all models that estimate poses, or some.

    Raises:
        InputError: One does not exist.
    """
    known = {name: model for name, model in models().items() if model.ours[0]}
    for name in names or []:
        if name not in known:
            raise InputError(f'There is no model {name}. Known ones: {", ".join(known)}.')
    return [known[name] for name in names or known]


def points(paper: str, measured: dict[str, Measured]) -> list[Point]:
    """What figure 1 of a paper shows, and what was tested here, by the name of the model."""
    shown = []
    for table in (tables()[name] for name in FIGURES[paper]):
        for row in table.rows:
            name = ' '.join(filter(None, [row['Method'], row.get('Backbone'), row.get('Input')]))
            group = row.get('Group') or ('regression' if 'Backbone' in row else 'heatmap')
            params, gflops, ap = (number(row[column]) for column in ('Params', 'GFLOPs', 'AP'))
            if ap is not None:
                shown.append(Point(name.removesuffix(' 256x192'), params, gflops, ap, group))
    for name, ours in measured.items():
        if ours.ap is not None and models()[name].data == 'COCO val2017':
            size = (ours.size.params, ours.size.gflops)
            shown.append(Point(name, *size, ours.ap, 'tested here', is_ours=True))
    return shown


def check_outputs(args: argparse.Namespace) -> None:
    """Find out before the work whether its results can be written.

    Raises:
        InputError: They cannot.
    """
    if args.json and args.json.suffix != '.json':
        raise InputError(f'{args.json} must end with .json.')
    if args.json:
        check_writable(args.json)
    if args.figure and args.figure[0] not in FIGURES:
        raise InputError(f'--figure {args.figure[0]}: the papers are {" and ".join(FIGURES)}.')
    if args.figure:
        check_figure_path(Path(args.figure[1]))
    choose_device(args.device)
    if args.checkpoints and not args.checkpoints.is_dir():
        raise InputError(f'There is no folder {args.checkpoints}.')


def main(arguments: Arguments = None) -> int:
    """Print the table; 1 if one of our models is off."""
    args = parse_args(arguments)
    check_outputs(args)
    chosen = select(args.models)
    columns = (*COLUMNS, *(("paper's FPS", 'ours') if args.fps else ()), *COLUMNS_OF_AP)
    print(f'| {" | ".join(columns)} |\n|{"---|" * len(columns)}', flush=True)
    measured = {}
    for model in chosen:
        measured[model.name] = ours = measure(model, args)
        print(table_row(model, ours, args.fps), flush=True)
    print(NOTES)
    if args.json:
        rows = [json_row(model, measured[model.name]) for model in chosen]
        write_whole(args.json, json.dumps(rows, indent=2).encode())
    if args.figure:
        paper, path = args.figure
        save_figure(draw_ap_by_size(points(paper, measured)), Path(path))
    num_off = sum(any(is_off(model, measured[model.name].size)) for model in chosen)
    if num_off:
        sys.stderr.write(f'Error: {num_off} of our models are off by more than 2 %.\n')
    return int(num_off > 0)


if __name__ == '__main__':
    sys.exit(run_tool(main))
