# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the tools that draw figures share: overlays, and files that are the same every time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from sdpose.errors import InputError

# without the dates and versions that Matplotlib would write
METADATA: dict[str, dict[str, Any] | None] = {
    '.png': dict(Software=None),
    '.pdf': dict(Creator=None, Producer=None, CreationDate=None),
    '.jpg': None,  # Pillow writes none by itself
}
DPI = 110


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
        path: Ending in .png, .pdf or .jpg; its folder is made.

    Raises:
        InputError: The name has another ending, or the file cannot be written.
    """
    check_figure_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=DPI, metadata=METADATA[path.suffix.lower()])
    except OSError as error:
        raise InputError(f'{path} cannot be written: {error.strerror or error}.') from error


def show_picture(axis: Axes, picture: np.ndarray) -> None:
    """Show a picture without ticks.

    Args:
        axis: Where to show it.
        picture: (H, W, 3), uint8, RGB, or (H, W) in grey.
    """
    axis.imshow(picture, cmap='gray', vmin=0, vmax=255)
    axis.set(xticks=[], yticks=[])


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
    limits = axis.get_xlim(), axis.get_ylim()
    share = np.clip(np.nan_to_num(field) / max(maximum, 1e-12), 0, 1)
    image = axis.imshow(
        field,
        cmap='plasma',
        vmin=0,
        vmax=max(maximum, 1e-12),
        alpha=strongest * share**0.5,
        extent=(-offset_x, width - offset_x, height - offset_y, -offset_y),
        interpolation='nearest',
    )
    axis.set(xlim=limits[0], ylim=limits[1])
    return image
