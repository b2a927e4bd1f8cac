# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""AP against parameters and GFLOPs: figure 1 of both papers."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter
from matplotlib.transforms import Bbox

from sdpose.errors import InputError

PANELS = dict(params='parameters (10$^6$)', gflops='GFLOPs')
TICKS = (1.0, 2.0, 5.0)  # times powers of ten
DISTANCES = (2.0, 6.0, 11.0, 17.0, 25.0, 35.0)  # of a label from its marker, in points
SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))  # nicest first
PLACES = np.array([(far, *side) for far in DISTANCES for side in SIDES])
CROSSING = 50  # one pixel of a label under the line of another is as bad as so many hidden ones
COLORS = [colormaps['tab20'](i) for i in (*range(0, 20, 2), *range(1, 20, 2))]  # strong ones first


@dataclass(frozen=True)
class Point:
    """A model of the figure.

    Attributes:
        name: What stands beside it.
        params: Millions of parameters; ``None`` leaves it out of that panel.
        gflops: 10^9 multiply-adds; ``None`` leaves it out of that panel.
        ap: In percent.
        group: Whose models have one colour, such as a paper's group or a family.
        is_ours: Measured here from a checkpoint: a star, on top.
    """

    name: str
    params: float | None
    gflops: float | None
    ap: float
    group: str
    is_ours: bool = False


def draw_ap_by_size(points: Sequence[Point]) -> Figure:
    """Draw AP against parameters on the left, and against GFLOPs on the right.

    Args:
        points: The models, their sizes above 0; the same one twice is drawn once.

    Raises:
        InputError: There is none.
    """
    points = list(dict.fromkeys(points))
    if not points:
        raise InputError('There is no model with an AP to draw.')
    groups = list(dict.fromkeys(point.group for point in points))
    colors = dict(zip(groups, cycle(COLORS), strict=False))
    figure = Figure(figsize=(13, 6.5), layout='constrained')
    renderer = FigureCanvasAgg(figure).get_renderer()  # measures the names
    panels = figure.subplots(1, 2, sharey=True)
    for axis, (size, label) in zip(panels, PANELS.items(), strict=True):
        _draw_points(axis, points, size, colors)
        axis.set_xlabel(label)
    panels[0].set_ylabel('AP (%)')
    handles = [
        Line2D([], [], linestyle='', marker='o', color=colors[group], label=group)
        for group in groups
    ]
    if any(point.is_ours for point in points):
        star = Line2D([], [], linestyle='', marker='*', markersize=11, color='black')
        star.set_label('measured here')
        handles.append(star)
    legend = panels[1].legend(handles=handles, loc='lower right', fontsize=8)
    figure.draw_without_rendering()  # the labels need to know where the points are
    for axis, size in zip(panels, PANELS, strict=True):
        taken = [legend.get_window_extent(renderer)] if axis is panels[1] else []
        _label_points(axis, [*_shown(points, size)][::-1], taken, renderer)  # ours choose first
    return figure


def _shown(points: Sequence[Point], size: str) -> Iterator[tuple[Point, float]]:
    """Those that a panel shows, with their place along its axis; ours last, so on top."""
    for point in sorted(points, key=lambda point: point.is_ours):
        value = getattr(point, size)
        if value is not None:
            yield point, value


def _draw_points(axis: Axes, points: Sequence[Point], size: str, colors: dict[str, str]) -> None:
    for point, value in _shown(points, size):
        axis.plot(
            value,
            point.ap,
            linestyle='',
            marker='*' if point.is_ours else 'o',
            markersize=_marker_size(point),
            color=colors[point.group],
            markeredgecolor='black' if point.is_ours else 'white',
            markeredgewidth=0.7,
        )
    axis.set_xscale('log')  # the sizes lie far apart
    axis.xaxis.set_major_locator(LogLocator(subs=TICKS))
    axis.xaxis.set_major_formatter(StrMethodFormatter('{x:g}'))
    axis.xaxis.set_minor_formatter(NullFormatter())
    axis.margins(0.12, 0.08)
    axis.grid(alpha=0.25)


def _marker_size(point: Point) -> float:
    """In points of 1/72 inch."""
    return 13.0 if point.is_ours else 5.0


def _label_points(
    axis: Axes,
    shown: Sequence[tuple[Point, float]],
    taken: Sequence[Bbox],
    renderer: RendererAgg,
) -> None:
    """Put each name where it hides no other name and no point, as near as can be.

    Args:
        axis: With its final limits and layout.
        shown: Points of the panel and their places along its axis; the first chooses first.
        taken: Boxes in pixels that stay free.
        renderer: Of the figure.
    """
    pixels = renderer.dpi / 72
    spots = axis.transData.transform([(value, point.ap) for point, value in shown])
    radii = [pixels * _marker_size(point) / 2 for point, _ in shown]
    markers = [np.hstack([spot - r, spot + r]) for spot, r in zip(spots, radii, strict=True)]
    labels = [np.array(box.extents) for box in taken]
    for (point, value), spot, radius in zip(shown, spots, radii, strict=True):
        label = axis.annotate(
            point.name,
            (value, point.ap),
            (0, 0),
            textcoords='offset points',
            fontsize=7,
            fontweight='bold' if point.is_ours else 'normal',
            parse_math=False,
            in_layout=False,
            arrowprops=dict(arrowstyle='-', linewidth=0.5, color='0.6', shrinkA=0, shrinkB=0),
        )
        text = np.array(Text.get_window_extent(label, renderer).size)  # without the line
        far, sides = pixels * PLACES[:, :1], PLACES[:, 1:]
        offsets, middles = (radius + far) * sides, spot + (radius + far / 2) * sides
        corners = spot + offsets - text * (1 - sides) / 2  # lower left ones
        places, lines = (
            np.hstack(ends) for ends in ((corners, corners + text), (middles - 1, middles + 1))
        )
        lost = np.prod(text) - _overlaps(places, [np.array(axis.bbox.extents)])  # beyond the border
        hidden = _overlaps(places, markers + labels) + CROSSING * _overlaps(lines, labels)
        best = np.argmin((lost + hidden).round())  # the first, so the nearest
        labels.append(places[best])
        x, y = sides[best].astype(int)
        label.set(
            position=offsets[best] / pixels,
            ha=('center', 'left', 'right')[x],
            va=('center', 'bottom', 'top')[y],
        )


def _overlaps(boxes: np.ndarray, others: Sequence[np.ndarray]) -> np.ndarray:
    """Area of each box (N, 4) that is in others (M, 4), summed over these: (N,)."""
    low, high = np.split(boxes[:, None], 2, axis=-1)
    other_low, other_high = np.split(np.array(others).reshape(-1, 4), 2, axis=-1)
    sides = np.minimum(high, other_high) - np.maximum(low, other_low)  # (N, M, 2)
    return sides.clip(min=0).prod(axis=-1).sum(axis=-1)
