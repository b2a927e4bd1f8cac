# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Persons of a data set that something may be wrong with."""

from contextlib import suppress
from pathlib import Path
from textwrap import fill
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich.progress import track

from sdpose.annotations.audit import Audit
from sdpose.annotations.category import Skeleton
from sdpose.errors import InputError
from sdpose.figures.canvas import BOX, crop_person, make_panels, show_picture, side_colors
from sdpose.figures.options import MOST
from sdpose.runtime.drawing import draw_poses
from sdpose.runtime.frames import read_image

COLUMNS = 6
LETTERS = 36  # of a line above a picture


def draw_suspicious_persons(audit: Audit, folder: Path) -> Figure | None:
    """Draw the persons that an audit names: box, limbs, and keypoints coloured by side.

    Args:
        audit: With the records to draw.
        folder: Of the pictures.

    Returns:
        The figure, or ``None`` if no record names somebody with a box and keypoints.
    """
    found = [(each.kind, record) for each in audit.findings for record in each.records]
    picks = [(kind, record) for kind, record in found if record.person][:MOST]
    if not picks:
        return None
    rows = -(-len(picks) // COLUMNS)
    figure, axes = make_panels(rows, COLUMNS, (1.9 * COLUMNS, 3 * rows))
    panels = zip(axes.flat, picks, strict=False)
    for axis, (kind, record) in track(panels, 'Drawing', len(picks), transient=True):
        title = f'{record.text.partition(" (")[0]}: {kind.partition(":")[0]}'
        axis.set_title(fill(title, LETTERS), fontsize=6, parse_math=False)
        with suppress(InputError):  # the audit has told which pictures cannot be read
            _show_person(axis, record.person or {}, audit, folder)
    return figure


def _show_person(axis: Axes, person: dict[str, Any], audit: Audit, folder: Path) -> None:
    picture = read_image(folder / audit.images[person['image_id']]['file_name'])
    x, y, width, height = person['bbox']
    corners = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height], [x, y]])
    points = np.array(person['keypoints'], float).reshape(-1, 3)
    labelled = points[:, 2] > 0
    seen = np.concatenate([corners, points[labelled, :2]])
    region = [*seen.min(0), *np.ptp(seen, axis=0).clip(min=8)]
    crop, spots = crop_person(picture, region, np.concatenate([corners, points[:, :2]]))
    corners, spots = spots[: len(corners)], spots[len(corners) :]
    skeleton = audit.skeletons.get(person['category_id'], Skeleton((), ()))
    drawn = draw_poses(crop, spots[None], points[None, :, 2] / 2, skeleton.links, 0.1, legend=False)
    show_picture(axis, drawn[..., ::-1])
    axis.plot(*corners.T, color=BOX, linewidth=1)
    colors = side_colors(len(points), skeleton.pairs())
    x, y = spots[labelled].T
    axis.scatter(x, y, 9, colors[labelled], zorder=3)
