# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Print the metrics of several tests side by side."""

import argparse
from pathlib import Path

from sdpose.cli import make_parser, run_tool
from sdpose.errors import InputError
from sdpose.json_files import read_json

EXAMPLES = """\
  python tools/test.py CONFIG CHECKPOINT --out a.json
  python tools/compare_metrics.py 'with teacher=a.json' 'without=b.json'"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Print the metrics of several tests side by side, as markdown.', EXAMPLES)
    parser.add_argument('runs', nargs='+', metavar='NAME=FILE', help='files of tools/test.py --out')
    return parser.parse_args()


def read_metrics(run: str) -> tuple[str, dict[str, float]]:
    """Split ``NAME=FILE`` and read the file."""
    name, separator, path = run.partition('=')
    if not separator:
        raise InputError(f'{run} is not NAME=FILE.')
    metrics = read_json(Path(path))
    if not isinstance(metrics, dict) or not metrics:
        raise InputError(f'{path} holds no metrics, as tools/test.py --out writes them.')
    return name, metrics


def table(runs: list[tuple[str, dict[str, float]]]) -> str:
    """Markdown: a row for each run, a column for each metric that all of them have."""
    shared = [name for name in runs[0][1] if all(name in metrics for _, metrics in runs)]
    if not shared:
        raise InputError('These tests have no metric in common.')
    lines = [['run', *shared], ['---'] * (len(shared) + 1)]
    lines += [[name, *(f'{metrics[key]:.3f}' for key in shared)] for name, metrics in runs]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def main() -> None:
    """Print the table."""
    print(table([read_metrics(run) for run in parse_args().runs]))


if __name__ == '__main__':
    run_tool(main)
