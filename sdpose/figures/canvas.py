# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the figures share: panels, overlays, tables, and files that are the same every time."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from sdpose.errors import InputError
from sdpose.runtime.crop import CropRegion
from sdpose.runtime.files import write_whole

# without the dates and versions that Matplotlib would write
METADATA: dict[str, dict[str, Any] | None] = {
    '.png': dict(Software=None),
    '.pdf': dict(Creator=None, Producer=None, CreationDate=None),
    '.jpg': None,  # Pillow writes none by itself
}
DPI = 110
BOX, LEFT, RIGHT, MIDDLE = '#ffd000', '#ff7f0e', '#2ca02c', '#1f9fff'
CROP_SIZE = (192, 256)  # of persons: width and height in pixels
PADDING = 1.2  # side of a crop by that of the box


def check_figure_path(path: Path) -> None:
    """Check that a figure can be written in the format that its name asks for.

    Raises:
        InputError: It ends in something other than .png, .pdf or .jpg.
    """
    if path.suffix.lower() not in METADATA:
        raise InputError(f'The figure {path} must end in {", ".join(METADATA)}.')


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure: the same figure gives the same bytes, whenever it is written.

    Args:
        figure: With its layout.
        path: Ending in .png, .pdf or .jpg; its folder is made. An older file of the name stays
            until the new one is whole.

    Raises:
        InputError: The name has another ending.
        OSError: The file cannot be written.
    """
    check_figure_path(path)
    suffix = path.suffix.lower()
    content = BytesIO()
    figure.savefig(content, format=suffix[1:], dpi=DPI, metadata=METADATA[suffix])
    write_whole(path, content.getvalue())


def make_panels(rows: int, columns: int, size: tuple[float, float]) -> tuple[Figure, np.ndarray]:
    """Make a figure of panels without frames, so that those that stay empty are not seen.

    Args:
        rows: Of panels.
        columns: Of panels.
        size: Width and height in inches.

    Returns:
        The figure and its axes, (rows, columns).
    """
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis('off')
    return figure, axes


def add_color_bar(figure: Figure, axes: np.ndarray, scale: ScalarMappable, label: str) -> None:
    """Say beside some axes what the colours of a scale mean."""
    bar = figure.colorbar(scale, ax=axes, shrink=0.6, aspect=30, pad=0.01)
    bar.set_label(label, fontsize=8)
    bar.ax.tick_params(labelsize=8)


def markdown_table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows of cells as a table; the first row is its head."""
    lines = [rows[0], ['---'] * len(rows[0]), *rows[1:]]
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)


def show_picture(axis: Axes, picture: np.ndarray) -> None:
    """Show a picture without ticks; what is drawn upon it later does not move its borders.

    Args:
        axis: Where to show it.
        picture: (H, W, 3), uint8, RGB, or (H, W) in grey.
    """
    axis.imshow(picture, cmap='gray', vmin=0, vmax=255)
    axis.set(xticks=[], yticks=[], autoscale_on=False)


def crop_person(
    image: np.ndarray, box: Sequence[float], keypoints: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Cut a person out of an image as for a model, with more room around it.

    Args:
        image: (H, W, 3), uint8.
        box: x, y, width, height in pixels.
        keypoints: (..., 2), x and y in pixels.

    Returns:
        The crop, and the keypoints in its pixels.
    """
    region = CropRegion.around(box, PADDING, CROP_SIZE)
    return region.cut(image, CROP_SIZE), region.to_crop(keypoints, CROP_SIZE)


def side_colors(count: int, pairs: Iterable[tuple[int, int]]) -> np.ndarray:
    """Colours (K,) of K = ``count`` keypoints, by the side of the body; pairs are (left, right)."""
    colors = np.full(count, MIDDLE)
    for left, right in pairs:
        colors[left], colors[right] = LEFT, RIGHT
    return colors


def pale(picture: np.ndarray) -> np.ndarray:
    """Make a picture grey and pale, so that colours upon it stand out.

    Args:
        picture: (H, W, 3), 0..255.

    Returns:
        (H, W), 90..255.
    """
    return 90 + 165 / 255 * picture.mean(axis=-1)


def show_over(
    axis: Axes,
    picture: np.ndarray,
    field: np.ndarray,
    maximum: float,
    tiles: bool = False,
    strongest: float = 0.85,
) -> AxesImage:
    """Show a field over a picture: the larger the value, the less of the picture is seen.

    Args:
        axis: Where to show it.
        picture: (H, W, 3), uint8, RGB; it turns pale and grey.
        field: (h, w), at least 0; not a number where there is no value, which is left bare.
        maximum: Value of the strongest colour.
        tiles: The field's cells tile the picture, as patches do. Otherwise cell i lies at the
            pixel i * W / w, as in MMPose's heatmaps.
        strongest: Opacity of ``maximum``.

    Returns:
        The field's image, for a colour bar.
    """
    height, width = picture.shape[:2]
    show_picture(axis, pale(picture))
    rows, columns = field.shape
    offset_x, offset_y = (0.5, 0.5) if tiles else (width / columns / 2, height / rows / 2)
    share = np.clip(np.nan_to_num(field) / max(maximum, 1e-12), 0, 1)
    return axis.imshow(
        field,
        cmap='plasma',
        vmin=0,
        vmax=max(maximum, 1e-12),
        alpha=strongest * share**0.5,
        extent=(-offset_x, width - offset_x, height - offset_y, -offset_y),
        interpolation='nearest',
    )
