# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Rows of the benchmark, as a table and as JSON."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from speed.timing import Timing

COLUMNS = 'model, run, batch, ms, quartiles, images/s, multiply-adds, of the limit, MB, times'


@dataclass(frozen=True)
class Row:
    """One thing that was timed.

    Attributes:
        model: Name of its subject.
        run: What was done.
        batch_size: Images at once.
        timing: Seconds.
        multiply_adds: That a run takes, with those of attention; ``None`` where nobody counts.
        limit: Multiply-adds a second of matrix products alone.
        peak_bytes: Of memory.
        times_baseline: How many times as fast as the baseline it is.
    """

    model: str
    run: str
    batch_size: int
    timing: Timing
    multiply_adds: float | None = None
    limit: float | None = None
    peak_bytes: int | None = None
    times_baseline: float | None = None

    @property
    def share(self) -> float | None:
        """Of the limit."""
        if not self.multiply_adds or not self.limit:
            return None
        return self.multiply_adds / self.timing.median / self.limit

    def cells(self) -> list[str]:
        """The row as text."""
        lower, median, upper, _ = (1000 * seconds for seconds in self.timing)

        def cell(value: float | None, form: str, unit: float = 1) -> str:
            return '' if value is None else format(value / unit, form)

        return [
            self.model,
            self.run,
            str(self.batch_size),
            f'{median:.1f}',
            f'{lower:.1f} - {upper:.1f}',
            f'{1000 * self.batch_size / median:.1f}',
            cell(self.multiply_adds, '.2f', 1e9),
            cell(self.share, '.0%'),
            cell(self.peak_bytes, '.0f', 1e6),
            cell(self.times_baseline, '.2f'),
        ]

    def to_json(self) -> dict:
        """The row as numbers, in seconds and bytes."""
        return asdict(self) | dict(timing=self.timing._asdict(), share=self.share)


def beside_baseline(rows: Sequence[Row], baseline: str) -> list[Row]:
    """Fill in how many times as fast as the same run of the baseline each row is."""
    of_baseline = {
        (row.run, row.batch_size): row.timing.median for row in rows if row.model == baseline
    }
    return [
        replace(row, times_baseline=of_baseline[row.run, row.batch_size] / row.timing.median)
        if (row.run, row.batch_size) in of_baseline
        else row
        for row in rows
    ]


def table(rows: Sequence[Row]) -> str:
    """An aligned table of markdown."""
    head = COLUMNS.split(', ')
    lines = [head, *(row.cells() for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ['-' * width for width in widths])
    return '\n'.join(f'| {" | ".join(map(str.ljust, cells, widths))} |' for cells in lines)
