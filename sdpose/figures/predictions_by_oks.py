# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The best and the worst predictions by OKS, and which joints are wrong: DistilPose figure 6."""

from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.progress import track

import sdpose.plugin  # noqa: F401  lets MMPose import
from sdpose.errors import InputError
from sdpose.evaluation.oks_matches import Match, joint_similarities, keypoints_of, match_by_oks
from sdpose.figures.canvas import (
    add_color_bar,
    crop_person,
    make_panels,
    markdown_table,
    show_picture,
)
from sdpose.figures.options import check_finite, check_number
from sdpose.figures.results import Results, confidence_scale
from sdpose.runtime.drawing import draw_poses
from sdpose.runtime.frames import read_image

COLUMNS = 6
T = TypeVar('T')
RIGHT, WRONG = '#1a7f37', '#c62828'


def draw_best_and_worst(
    results: Results, number: int = 6, threshold: float = 0.5, min_keypoints: int = 1
) -> tuple[Figure, str]:
    """Match persons and predictions, and draw the best matches above, the worst below.

    Args:
        results: Ground truth and predictions.
        number: How many of the best and of the worst, at most.
        threshold: OKS from which a prediction is right, and similarity from which a joint is.
        min_keypoints: Persons with fewer labelled keypoints are left out.

    Returns:
        The figure, and two tables: how many persons, and how many labelled joints, are right.

    Raises:
        InputError: Nothing matches, a picture is missing or broken, or an option is wrong.
    """
    check_number(number, 'person')
    check_finite('--threshold', threshold)
    truth, info, use_area = results.truth, results.metainfo, results.use_area
    matches, missed = match_by_oks(
        truth, results.predictions, info['sigmas'], use_area, min_keypoints
    )
    if not matches:
        raise InputError('No person of the annotations has a prediction.')
    judged = joint_similarities(matches, info['sigmas'], use_area)
    tables = (
        _table(matches, missed, threshold),
        joint_table(matches, judged, results.names, threshold),
    )
    files = {image['id']: results.images / image['file_name'] for image in truth['images']}
    best, worst = pick([*zip(matches, judged, strict=True)], number)
    columns = min(COLUMNS, max(len(best), 3))
    rows_of_best, rows_of_worst = (-(-len(part) // columns) for part in (best, worst))
    rows = rows_of_best + rows_of_worst
    figure, axes = make_panels(rows, columns, (1.7 * columns + 0.8, 2.75 * rows))
    shown = [*zip(axes[:rows_of_best].flat, best, strict=False)]
    shown += zip(axes[rows_of_best:].flat, worst, strict=False)
    for axis, (match, similarities) in track(shown, 'Drawing', transient=True):
        picture = read_image(files[match.person['image_id']])
        _show_match(axis, match, picture, info['skeleton_links'], similarities < threshold)
        verdict, color = ('right', RIGHT) if match.oks >= threshold else ('wrong', WRONG)
        title = f'OKS {match.oks:.2f}: {verdict}\nmean confidence {_confidence(match):.2f}'
        axis.set_title(title, fontsize=8, color=color)
    label = 'confidence\nground truth: ring if the joint is right, cross if wrong'
    add_color_bar(figure, axes, confidence_scale(), label)
    return figure, '\n\n'.join(tables)


def pick(matches: list[T], number: int) -> tuple[list[T], list[T]]:
    """Pick the best and the worst, none of them twice: best first, and worst first.

    Args:
        matches: Largest OKS first.
        number: How many of each, at most.
    """
    best = matches[: min(number, -(-len(matches) // 2))]
    return best, matches[len(best) :][::-1][:number]


def _show_match(
    axis: Axes,
    match: Match,
    picture: np.ndarray,
    skeleton: Sequence[tuple[int, int]],
    is_wrong: np.ndarray,
) -> None:
    keypoints = keypoints_of([match.prediction, match.person], len(match.person['keypoints']) // 3)
    crop, points = crop_person(picture, match.person['bbox'], keypoints[..., :2])
    drawn = draw_poses(crop, points[:1], keypoints[:1, :, 2], skeleton, -np.inf, legend=False)
    show_picture(axis, drawn[..., ::-1])
    is_right = (keypoints[1, :, 2] > 0) & ~is_wrong
    for color, width in (('black', 1.8), ('white', 0.9)):
        x, y = points[1, is_right].T
        axis.scatter(x, y, s=32, facecolors='none', edgecolors=color, linewidths=width)
    for color, width in (('white', 2.6), (WRONG, 1.4)):
        x, y = points[1, is_wrong].T
        axis.scatter(x, y, s=32, marker='x', color=color, linewidths=width)
        axis.plot(*np.moveaxis(points[:, is_wrong], -1, 0), ':', color=color, linewidth=width / 2)


def _confidence(match: Match) -> float:
    return float(np.mean(match.prediction['keypoints'][2::3]))


def _table(matches: list[Match], missed: int, threshold: float) -> str:
    rows = [['', 'persons', 'mean OKS', 'mean confidence']]
    for name, part in {
        f'right (OKS >= {threshold:g})': [match for match in matches if match.oks >= threshold],
        f'wrong (OKS < {threshold:g})': [match for match in matches if match.oks < threshold],
    }.items():
        values = np.array([(match.oks, _confidence(match)) for match in part]).reshape(-1, 2)
        means = [f'{mean:.3f}' for mean in values.mean(axis=0)] if part else ['', '']
        rows.append([name, str(len(part)), *means])
    if missed:
        rows.append(['without a prediction', str(missed), '', ''])
    return markdown_table(rows)


def joint_table(
    matches: Sequence[Match],
    similarities: np.ndarray,
    names: Sequence[str],
    threshold: float,
) -> str:
    """Count right and wrong joints; left and right ones of a kind share a row.

    Args:
        matches: N of them.
        similarities: (N, K), see :func:`joint_similarities`.
        names: Of the K joints.
        threshold: From which a joint is right.
    """
    confidence = keypoints_of([match.prediction for match in matches], len(names))[..., 2]
    kinds = np.array([name.removeprefix('left_').removeprefix('right_') for name in names])
    right, wrong = f'right (similarity >= {threshold:g})', f'wrong (< {threshold:g})'
    rows = [['joints', right, 'mean confidence', wrong, 'mean confidence']]
    for kind in ('all', *dict.fromkeys(kinds)):
        chosen = slice(None) if kind == 'all' else kinds == kind
        cells = [kind]
        for part in (similarities >= threshold, similarities < threshold):
            values = confidence[:, chosen][part[:, chosen]]
            cells += [str(len(values)), f'{values.mean():.3f}' if len(values) else '']
        rows.append(cells)
    return markdown_table(rows)
