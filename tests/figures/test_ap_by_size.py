# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from matplotlib.text import Text

from sdpose.errors import InputError
from sdpose.figures.ap_by_size import Point, draw_ap_by_size
from sdpose.figures.canvas import save_figure

MODELS = [
    Point('Baseline', 34.0, 8.9, 70.4, 'heatmap'),
    Point('Small', 6.6, 2.4, 72.5, 'heatmap'),
    Point('Regression', 23.6, None, 70.5, 'regression'),
    Point('Uncounted', None, 0.5, 71.9, 'regression'),
    Point('Mine $x', 6.6, 2.4, 72.3, 'regression', is_ours=True),
]


def drawn(axis):
    """x, y, marker, colour of all points of a panel; the later ones lie on top."""
    assert {line.zorder for line in axis.lines} == {2}
    return [
        (*line.get_xydata()[0], line.get_marker(), to_rgb(line.get_color())) for line in axis.lines
    ]


def test_points_of_both_panels():
    figure = draw_ap_by_size([MODELS[-1], *MODELS])  # one of them twice
    blue, orange = to_rgb('tab:blue'), to_rgb('tab:orange')
    by_params, by_gflops = figure.axes
    assert drawn(by_params) == [
        (34.0, 70.4, 'o', orange),
        (6.6, 72.5, 'o', orange),
        (23.6, 70.5, 'o', blue),
        (6.6, 72.3, '*', blue),
    ]
    assert [point[:2] for point in drawn(by_gflops)] == [
        (8.9, 70.4),
        (2.4, 72.5),
        (0.5, 71.9),
        (2.4, 72.3),
    ]
    names = [text.get_text() for text in by_gflops.texts]
    assert sorted(names) == ['Baseline', 'Mine $x', 'Small', 'Uncounted']
    legend = [text.get_text() for text in by_gflops.get_legend().get_texts()]
    assert legend == ['regression', 'heatmap', 'measured here']
    assert by_params.get_xlabel().startswith('parameters')
    assert (by_gflops.get_xlabel(), by_params.get_ylabel()) == ('GFLOPs', 'AP (%)')


def test_no_star_without_ones_own():
    figure = draw_ap_by_size([MODELS[0], MODELS[3]])
    assert [len(axis.lines) for axis in figure.axes] == [1, 2]
    legend = [text.get_text() for text in figure.axes[1].get_legend().get_texts()]
    assert legend == ['heatmap', 'regression']
    only_params = draw_ap_by_size([MODELS[2]])
    assert [len(axis.lines) for axis in only_params.axes] == [1, 0]
    with pytest.raises(InputError, match='no model with an AP to draw'):
        draw_ap_by_size([])


def overlap(box, other):
    sides = np.minimum(box.max, other.max) - np.maximum(box.min, other.min)
    return sides.clip(min=0).prod()


def test_names_hide_neither_each_other_nor_a_point():
    rng = np.random.default_rng(1)
    points = [
        Point(
            f'a model, number {i}', *np.exp(rng.uniform(0, 4, 2)), rng.uniform(66, 76), f'{i % 12}'
        )
        for i in range(30)
    ]
    points += [Point('at the same place', 7.0, 7.0, 70.0, '0', is_ours=i > 0) for i in range(2)]
    figure = draw_ap_by_size(points)
    figure.draw_without_rendering()
    renderer = figure.canvas.get_renderer()
    for axis in figure.axes:
        boxes = [Text.get_window_extent(text, renderer).padded(-0.5) for text in axis.texts]
        assert len(boxes) == 32
        for i, box in enumerate(boxes):
            assert axis.bbox.extents[0] <= box.x0
            assert box.x1 <= axis.bbox.extents[2]
            assert not any(overlap(box, other) for other in boxes[:i])
        spots = np.concatenate([axis.transData.transform(line.get_xydata()) for line in axis.lines])
        assert not any(box.contains(*spot) for box in boxes for spot in spots)
    colors = {line.get_color() for line in figure.axes[0].lines}
    assert len(colors) == 12


def test_the_same_points_give_the_same_bytes(tmp_path):
    for name in ('a.pdf', 'b.pdf'):
        save_figure(draw_ap_by_size(MODELS), tmp_path / name)
    assert (tmp_path / 'a.pdf').read_bytes() == (tmp_path / 'b.pdf').read_bytes()
