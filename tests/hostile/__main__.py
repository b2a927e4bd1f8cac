# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Run hostile cases and make the table of docs/reliability.md."""

import argparse
import importlib
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

os.environ['OMP_NUM_THREADS'] = '1'  # a thread pool would not survive the forks
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / name) for name in ('tests', 'tools', 'tools/dataset', '.')]

import cv2  # noqa: E402
import matplotlib as mpl  # noqa: E402
import onnx  # noqa: E402, F401
import onnxruntime  # noqa: E402, F401
import torch  # noqa: E402

mpl.use('agg')
import matplotlib.pyplot  # noqa: E402, F401

import sdpose.export.exporter  # noqa: E402
import sdpose.figures.attention  # noqa: E402, F401
from hostile.case import BAD, Case, Ending  # noqa: E402
from hostile.fork_server import in_fork, own_mounts, run_cases, temporary_folder  # noqa: E402
from hostile.material import make_material  # noqa: E402

DOORS = ('annotations', 'detections', 'pictures', 'checkpoints', 'options')
DOORS += ('cards', 'signals', 'disk')
HEAD = ['door', 'cases', 'one sentence', 'skipped or counted, and said', 'rightly done', 'traces']
HEAD += ['silent errors', 'hangs', 'otherwise wrong', 'peak MB']
COLUMNS = [('refused',), ('skipped', 'told', 'counted')]
COLUMNS += [('same', 'every', 'done', 'interrupted', 'killed'), *((name,) for name in BAD)]


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog='python -m hostile', description=__doc__)
    parser.add_argument('--door', nargs='+', choices=DOORS, default=list(DOORS), help='only these')
    parser.add_argument('--only', default='', metavar='TEXT', help='cases with this in their name')
    parser.add_argument('--share', type=float, default=1, help='part of each door, e.g. 0.05')
    parser.add_argument('-j', '--jobs', type=int, default=2, help='cases at a time (default: 2)')
    parser.add_argument('--table', type=Path, help='Markdown file; the table in it is replaced')
    parser.add_argument('--failures', type=Path, help='folder for a file of each door that fails')
    parser.add_argument('--list', action='store_true', help='only the names of the cases')
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> list[Case]:
    """The cases that the options mean; a share is spread evenly over each door."""
    found: list[Case] = []
    for door in args.door:
        module = importlib.import_module(f'hostile.cases_{door}')
        cases = [case for case in module.cases() if args.only in case.name]
        step = 1 / args.share
        found += [cases[int(n * step)] for n in range(round(len(cases) * args.share))]
    return found if own_mounts() else [case for case in found if not case.disk]


def table(endings: list[tuple[Case, Ending]]) -> str:
    """The table by door, in Markdown."""
    by_door: dict[str, list[Ending]] = defaultdict(list)
    for case, end in endings:
        by_door[case.door].append(end)
        by_door['all'].append(end)
    rows = [HEAD, ['---'] + ['---:'] * (len(HEAD) - 1)]
    for door in [*(d for d in DOORS if d in by_door), 'all']:
        ends = by_door[door]
        counts = [sum(end.column in names for end in ends) for names in COLUMNS]
        rows.append([door, len(ends), *counts, f'{max(end.megabytes for end in ends):.0f}'])
    return ''.join(f'| {" | ".join(map(str, row))} |\n' for row in rows)


def report(case: Case, end: Ending) -> str:
    """What happened in a case that went wrong."""
    text = end.err.strip()
    last = text[text.find('Current thread') :].splitlines()[:14] if end.column == 'hang' else []
    lines = ''.join(f'    {line[:400]}\n' for line in last or text.splitlines()[-12:])
    name = f'{case.door}: {case.name}'.encode(errors='replace').decode()
    return f'{name}: {end.column}: {end.why}\n    $ {case.command[:400]}\n{lines}\n'


def replace_table(path: Path, text: str) -> None:
    """Put the table into a page, where the old one is."""
    lines = path.read_text().splitlines(keepends=True)
    is_row = [line.startswith('| ') and line.count('|') == len(HEAD) + 1 for line in lines]
    first, last = is_row.index(True), len(lines) - is_row[::-1].index(True)
    path.write_text(''.join([*lines[:first], text, *lines[last:]]))


def main() -> int:
    """Run."""
    args = parse_args()
    cases = chosen(args)
    if args.list:
        sys.stdout.writelines(f'{case.door}: {case.name}\n' for case in cases)
        return 0
    torch.set_num_threads(1)
    cv2.setNumThreads(0)
    begin, endings, failures = time.monotonic(), [], defaultdict(str)
    with temporary_folder() as folder:
        material = folder / 'material'
        in_fork(make_material, material, folder / 'log')
        for case, end in run_cases(cases, material, args.jobs):
            endings.append((case, end))
            if end.column in BAD:
                failures[case.door] += report(case, end)
                print(report(case, end), flush=True)
            if len(endings) % 50 == 0:
                print(
                    f'{len(endings)} of {len(cases)}, {time.monotonic() - begin:.0f} s', flush=True
                )
    for door in args.door if args.failures else ():
        (args.failures / f'hostile_failures_{door}.txt').write_text(failures[door])
    print(f'{table(endings)}\n{time.monotonic() - begin:.0f} s')
    if args.table:
        replace_table(args.table, table(endings))
    return bool(failures)


if __name__ == '__main__':
    sys.exit(main())
