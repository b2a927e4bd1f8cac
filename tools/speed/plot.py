# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Time and memory against the batch, a line for each model."""

from collections.abc import Sequence

from matplotlib.figure import Figure

from speed.report import Row

RUNS = ('predict, flip test', 'train: step')  # those whose memory is measured


def draw_rows(rows: Sequence[Row]) -> Figure:
    """Draw milliseconds an image and megabytes, of predictions and of training steps.

    Args:
        rows: Of the benchmark; those of other runs are not shown.
    """
    runs = [run for run in RUNS if any(row.run == run for row in rows)]
    figure = Figure(figsize=(5.5 * len(runs), 7), layout='constrained')
    axes = figure.subplots(2, len(runs), squeeze=False, sharex=True)
    for run, (time, memory) in zip(runs, axes.T, strict=True):
        for model in dict.fromkeys(row.model for row in rows):
            shown = [row for row in rows if (row.run, row.model) == (run, model)]
            batches = [row.batch_size for row in shown]
            milliseconds = [1000 * row.timing.median / row.batch_size for row in shown]
            time.plot(batches, milliseconds, 'o-', label=model)
            memory.plot(batches, [(row.peak_bytes or float('nan')) / 1e6 for row in shown], 'o-')
        time.set(title=run, ylabel='ms an image', ylim=0)
        memory.set(xlabel='images in a batch', ylabel='MB at the peak', ylim=0)
        memory.set_xscale('log', base=2)
        memory.set_xticks(sorted({row.batch_size for row in rows}))
        memory.xaxis.set_major_formatter('{x:g}')
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc='outside lower center', fontsize=8)
    return figure
