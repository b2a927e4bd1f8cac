# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Where predictions go wrong: AP of groups, joints, types of errors, and calibration of scores."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import sdpose.plugin  # noqa: F401  lets MMPose import
from sdpose.evaluation.ap_by_group import ap_by_group
from sdpose.evaluation.calibration import BINS, calibrate
from sdpose.evaluation.error_types import MATCHED, TYPES, error_types
from sdpose.evaluation.joint_accuracy import PCK, joint_accuracy
from sdpose.evaluation.oks_matches import joint_similarities, keypoints_of, match_by_oks
from sdpose.figures.canvas import markdown_table
from sdpose.figures.results import Results

Rows = Sequence[dict[str, Any]]
# Okabe and Ito's, which the colour-blind can tell apart
BLUE, SKY, RED = '#0072b2', '#56b4e9', '#d55e00'
TYPE_COLORS = dict(zip(TYPES, ('#009e73', '#f0e442', BLUE, SKY, '#cc79a7', RED), strict=True))
ERROR = 'error / √area'
SCORES = dict(persons=('score', 'OKS'), keypoints=('confidence', 'similarity'))
READABLE = 0.06  # least share of a bar that has room for a number


def analyse(results: Results) -> dict[str, Any]:
    """Compute all that :func:`tables` and :func:`draw` show.

    Joints, types of errors and the calibration of keypoints are of persons with a prediction of an
    OKS of at least ``MATCHED``; the calibration of persons is of all who have a prediction left.

    Returns:
        What JSON can hold.
    """
    truth, info, use_area = results.truth, results.metainfo, results.use_area
    sigmas = info['sigmas']
    matches, missed = match_by_oks(truth, results.predictions, sigmas, use_area)
    scores = np.array([match.prediction['score'] for match in matches], float)
    oks = np.array([match.oks for match in matches], float)
    near = matches[: int((oks >= MATCHED).sum())]
    similarities = joint_similarities(near, sigmas, use_area)
    confidences = keypoints_of([match.prediction for match in near], len(sigmas))[..., 2]
    types = error_types(near, truth, info['flip_indices'], sigmas, use_area)
    labelled = types >= 0
    groups = ap_by_group(truth, results.predictions, sigmas, use_area, results.is_crowdpose)
    return dict(
        persons=dict(matched=len(near), unmatched=missed + len(matches) - len(near)),
        ap=[group for group in groups if group['number'] != 0],
        joints=joint_accuracy(near, similarities, types, results.names, use_area),
        calibration=dict(
            persons=calibrate(scores, oks),
            keypoints=calibrate(confidences[labelled], similarities[labelled]),
        ),
    )


def tables(analysis: dict[str, Any]) -> str:
    """Write what :func:`analyse` found as tables with headings."""
    persons = analysis['persons']
    parts = {
        'AP and AR': analysis['ap'],
        f'Joints of {persons["matched"]} persons; {persons["unmatched"]} have no prediction of '
        f'OKS >= {MATCHED:g}': analysis['joints'],
    }
    for what, found in analysis['calibration'].items():
        head = 'Calibration of {} ({} against {}): expected error {}'
        rows = [row for row in found['bins'] if row['number']]
        parts[head.format(what, *SCORES[what], _text(found['error']) or 'unknown')] = rows
    return '\n\n'.join(f'{head}\n\n{_table(rows)}' for head, rows in parts.items() if rows)


def _table(rows: Rows) -> str:
    return markdown_table([[*rows[0]], *([_text(v) for v in row.values()] for row in rows)])


def _text(value: str | float | None) -> str:
    if isinstance(value, float):
        return f'{value:.3f}'
    return '' if value is None else str(value).replace('|', r'\|')


def draw(analysis: dict[str, Any]) -> dict[str, Figure]:
    """Draw what :func:`analyse` found; the names of the figures are those of files."""
    groups, joints = analysis['ap'], analysis['joints']
    ap, (axis,) = _make_figure(2 * len(groups), 1)
    _draw_bars(axis, groups, dict(AP=BLUE, AR=SKY), 'mean over OKS from 0.50 to 0.95')

    accuracy, (left, right) = _make_figure(2 * len(joints), 2)
    pck = [f'PCK@{threshold:g}' for threshold in PCK]
    label = "share of joints, by distance over the longer side of the person's box"
    _draw_bars(left, joints, dict(zip(pck, (BLUE, SKY), strict=True)), label)
    label = "mean distance over the root of the person's area"
    _draw_bars(right, joints, {ERROR: RED}, label)

    errors, (axis,) = _make_figure(1.5 * len(joints), 1)
    _draw_types(axis, joints)

    calibration, axes = _make_figure(20, 2)
    for axis, (what, found) in zip(axes, analysis['calibration'].items(), strict=True):
        _draw_calibration(axis, found)
        score, quality = SCORES[what]
        axis.set(xlabel=f'{score} of {what}', ylabel=f'mean {quality}')
    return dict(ap=ap, joints=accuracy, errors=errors, calibration=calibration)


def _make_figure(lines: float, columns: int) -> tuple[Figure, np.ndarray]:
    """Make a figure with room for lines of text in each of its columns."""
    size = 1.5 + 4.2 * max(columns, 1.3), 1 + 0.13 * lines
    figure = Figure(figsize=size, layout='constrained')
    return figure, figure.subplots(1, columns, squeeze=False)[0]


def _label_rows(axis: Axes, rows: Rows, label: str) -> None:
    """Name the rows, from the top down, by their first column, with the number in the second."""
    pairs = (list(row.values())[:2] for row in rows)
    names = [name if number is None else f'{name} ({number})' for name, number in pairs]
    axis.set_yticks(range(len(rows)), names, fontsize=8, parse_math=False)
    axis.set_ylim(len(rows) - 0.5, -0.5)
    axis.set_xlabel(label, fontsize=8)
    axis.tick_params(axis='x', labelsize=8)
    axis.spines[['top', 'right']].set_visible(False)
    axis.legend(fontsize=8, loc='lower center', bbox_to_anchor=(0.5, 1), ncols=6, frameon=False)


def _draw_bars(axis: Axes, rows: Rows, colors: Mapping[str, str], label: str) -> None:
    """Draw some columns of rows; what is unknown stays empty."""
    height = 0.8 / len(colors)
    for index, (key, color) in enumerate(colors.items()):
        places = np.arange(len(rows)) + height * (index - (len(colors) - 1) / 2)
        bars = axis.barh(places, [row[key] or 0 for row in rows], height, color=color, label=key)
        axis.bar_label(bars, [_text(row[key]) for row in rows], padding=2, fontsize=7)
    _label_rows(axis, rows, label)
    axis.set_xlim(0, 1.12 * axis.dataLim.x1 or 1)  # room for the numbers


def _draw_types(axis: Axes, joints: Rows) -> None:
    starts = np.zeros(len(joints))
    for name, color in TYPE_COLORS.items():
        shares = np.array([row[name] or 0 for row in joints])
        bars = axis.barh(range(len(joints)), shares, 0.8, starts, color=color, label=name)
        labels = [f'{share:.0%}' if share >= READABLE else '' for share in shares]
        ink = 'white' if color == BLUE else 'black'
        axis.bar_label(bars, labels, label_type='center', fontsize=7, color=ink)
        starts += shares
    _label_rows(axis, joints, 'share of labelled joints')
    axis.set_xlim(0, 1)


def _draw_calibration(axis: Axes, found: dict[str, Any]) -> None:
    """Draw the means of the bins, and below them how many are in each."""
    bins = [b for b in found['bins'] if b['number']]
    most = max((b['number'] for b in bins), default=0)
    places, heights = [b['from'] for b in bins], [0.25 * b['number'] / most for b in bins]
    label = f'how many, {most} at most'
    axis.bar(places, heights, 1 / BINS, align='edge', color='0.85', label=label)
    axis.plot([0, 1], [0, 1], ':', color='0.4', label='calibrated')
    points = [b['score'] for b in bins], [b['quality'] for b in bins]
    axis.plot(*points, 'o-', color=BLUE, label=f'measured, error {_text(found["error"])}')
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect='equal')
    axis.tick_params(labelsize=8)
    axis.legend(fontsize=8, loc='upper left', frameon=False)
