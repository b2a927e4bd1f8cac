# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from sdpose.errors import InputError
from sdpose.figures.canvas import check_figure_path, save_figure, show_over


def make_figure():
    figure = Figure(figsize=(2, 2), layout='constrained')
    figure.subplots().plot([1, 3, 2], label='a line')
    return figure


@pytest.mark.parametrize('suffix', ['.png', '.pdf', '.jpg'])
def test_the_same_figure_gives_the_same_bytes(tmp_path, suffix, monkeypatch):
    first, second = tmp_path / 'new' / f'a{suffix}', tmp_path / f'b{suffix}'
    save_figure(make_figure(), first)
    monkeypatch.setenv('SOURCE_DATE_EPOCH', '1000000000')  # what Matplotlib takes as today
    save_figure(make_figure(), second)
    assert first.read_bytes() == second.read_bytes()
    assert b'Matplotlib' not in first.read_bytes()
    assert first.read_bytes()[:4] in (b'\x89PNG', b'%PDF', b'\xff\xd8\xff\xe0')


def test_other_formats_and_places_are_refused(tmp_path):
    with pytest.raises(InputError, match=r'must end in \.png, \.pdf, \.jpg'):
        check_figure_path(Path('figure.gif'))
    (tmp_path / 'file').touch()
    with pytest.raises(OSError, match='cannot be written'):
        save_figure(make_figure(), tmp_path / 'file' / 'figure.png')


def test_an_older_figure_stays_until_the_new_one_is_whole(tmp_path, monkeypatch):
    path = tmp_path / 'figure.png'
    save_figure(make_figure(), path)
    older = path.read_bytes()

    def full_disk(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, 'fsync', full_disk)
    figure = make_figure()
    figure.suptitle('new')
    with pytest.raises(OSError, match='No space left'):
        save_figure(figure, path)
    assert path.read_bytes() == older
    assert [file.name for file in tmp_path.iterdir()] == ['figure.png']


@pytest.mark.parametrize(('tiles', 'left', 'right'), [(True, 40, 79), (False, 25, 64)])
def test_a_field_lies_where_its_cells_are(tmp_path, tiles, left, right):
    """Cell 1 of 4 on 16 pixels of 10: it begins with pixel 4, or has the centre of pixel 4."""
    figure = Figure(figsize=(1.6, 1.6))
    axis = figure.add_axes((0, 0, 1, 1))
    field = np.full((4, 4), np.nan)
    field[1, 1] = 0.5
    show_over(axis, np.zeros((16, 16, 3), np.uint8), field, 0.5, tiles=tiles)
    axis.axis('off')
    figure.savefig(tmp_path / 'over.png', dpi=100)  # 10 pixels for each of the picture's
    drawn = cv2.imread(str(tmp_path / 'over.png')).astype(int)
    colored = drawn.max(-1) - drawn.min(-1) > 60
    rows, columns = (np.flatnonzero(colored.any(axis)) for axis in (1, 0))
    assert (rows.min(), rows.max()) == (columns.min(), columns.max()) == (left, right)
    assert colored.sum() == 1600
    assert np.abs(drawn[~colored] - 90).max() <= 1  # nothing where there is no number
