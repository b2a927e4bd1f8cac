# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read the papers' tables, ``docs/papers/*.csv``: nowhere else does the project hold their figures.

Cells stay as the papers print them. What no paper states, but we assume, ends with a question mark.
"""

import csv
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sdpose.errors import InputError

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'docs/papers'
VALUES = {'ap': ('AP', 'value'), 'ar': ('AR',), 'params': ('Params',), 'gflops': ('GFLOPs',)}

Row = dict[str, str]


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper.

    Attributes:
        name: Of its file, e.g. ``sdpose-1``.
        source: Where it stands, e.g. ``SDPose, table 1``.
        title: What it is about.
        data: Data set of its APs.
        rows: Column -> cell. ``config`` is a path below ``configs/``, or one of MMPose's own
            (``mmpose::...``), or ``none: `` and the reason.
    """

    name: str
    source: str
    title: str
    data: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Model:
    """A model that the papers' tables name, or one that belongs to them.

    Attributes:
        name: As the papers call it.
        config: As in :class:`PaperTable`.
        what: A few words about it.
        layers: Number of layers, with a question mark if it is assumed.
        cycles: Number of cycles in training; alike.
        source: Name of the table whose figures are its, or nothing.
        own: What SDPose's table 1 calls it, if it is the model of its own authors there.
        ours: Our own figures: trainable parameters in millions; multiply-adds in 10^9, without
            and with the products of attention. ``paper_table.py`` measures them.
    """

    name: str
    config: str
    what: str
    layers: str
    cycles: str
    source: str
    own: str
    ours: tuple[str, str, str]

    @property
    def is_ours(self) -> bool:
        """Whether it is one of this project's, not MMPose's."""
        return '::' not in self.config

    @property
    def data(self) -> str:
        """Data set of the paper's AP; without one, what its config is tested on, if it is COCO."""
        if self.source:
            return tables()[self.source].data
        return 'COCO val2017' if self.config.endswith('_coco-256x192.py') else ''

    def cell(self, *columns: str) -> str:
        """What the paper prints in one of some columns, or nothing."""
        rows = tables()[self.source].rows if self.source else ()
        found = next((row for row in rows if row['config'] == self.config), {})
        return next((found[column] for column in columns if column in found), '')

    def number(self, column: str) -> float | None:
        """The number that the paper prints, e.g. of ``AP``, without what it adds in brackets."""
        return number(self.cell(*VALUES.get(column, (column,))))


def number(cell: str) -> float | None:
    """The number that a cell begins with."""
    match = re.match(r'\d+(\.\d+)?', cell)
    return float(match[0]) if match else None


def read_rows(name: str) -> tuple[Row, ...]:
    """Read ``docs/papers/NAME.csv``.

    Raises:
        InputError: A row has more or fewer cells than the head, or names no config and no reason.
    """
    path = FOLDER / f'{name}.csv'
    with path.open(encoding='utf-8', newline='') as file:
        head, *rows = csv.reader(file)
    for cells in rows:
        if len(cells) != len(head):
            raise InputError(f'{path}: a row has {len(cells)} cells, not {len(head)}: {cells}.')
        if head[-1] == 'config' and not cells[-1]:
            raise InputError(f'{path}: a row names no config, nor why there is none: {cells}.')
    return tuple(dict(zip(head, cells, strict=True)) for cells in rows)


@cache
def tables() -> dict[str, PaperTable]:
    """All tables of the papers, by name."""
    index = read_rows('tables')
    return {
        row['table']: PaperTable(
            row['table'], row['source'], row['title'], row['data'], read_rows(row['table'])
        )
        for row in index
    }


@cache
def models() -> dict[str, Model]:
    """All models, by name."""
    read = {}
    for row in read_rows('models'):
        ours = (row.pop('params'), row.pop('gflops'), row.pop('gflops_with_attention'))
        read[row['name']] = Model(**row, ours=ours)
    return read


def figure_of(config: str, data: str) -> str:
    """The AP, or accuracy, that the papers print for a config on a data set, or nothing."""
    for table in tables().values():
        for row in table.rows if table.data == data else ():
            if row['config'] == config:
                return next((row[column] for column in VALUES['ap'] if column in row), '')
    return ''


def own_ap(model: Model) -> str:
    """The AP that its own authors report for a model, which SDPose's trained again, or nothing."""
    rows = {row['Method']: row for row in tables()['sdpose-1'].rows}
    return rows[model.own]['AP of its own authors'] if model.own else ''
