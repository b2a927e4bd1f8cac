# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The pictures that annotations name: they are there, and as large as it says there."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file
from sdpose.runtime.frames import read_image

# A picture costs a tenth of a millisecond, and some milliseconds on a network's disk: threads wait
# side by side. All of COCO's 118,000 pictures take about ten seconds.
NUM_THREADS = 16
ORIENTATION = 0x0112  # of EXIF; 5 to 8 are turned by a quarter


def picture_problems(folder: Path, images: Iterable[dict[str, Any]]) -> list[str]:
    """Look at the headers of pictures.

    Args:
        folder: Where they are.
        images: Entries of an annotation file, with ``id``, ``file_name``, ``width``, ``height``.

    Returns:
        What is wrong, one each: a picture is missing, no file, broken, or of another size.
    """
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        found = list(pool.map(partial(_problem, folder), images))
    return [problem for problem in found if problem is not None]


def _problem(folder: Path, image: dict[str, Any]) -> str | None:
    path = folder / image['file_name']
    try:
        width, height = _size_of(path)
    except InputError as error:
        return f'image with id {image["id"]} is missing or broken: {str(error).removesuffix(".")}'
    if (width, height) == (image['width'], image['height']):
        return None
    said = f'{image["width"]}x{image["height"]}'
    return f'image with id {image["id"]}: {path} is {width}x{height} pixels, not {said}'


def _size_of(path: Path) -> tuple[int, int]:
    """Width and height of a picture as MMPose reads it, turned upright."""
    check_is_file(path, 'picture')
    try:
        with Image.open(path) as picture:
            orientation = picture.getexif().get(ORIENTATION, 1) if 'exif' in picture.info else 1
            if orientation not in range(5, 9):
                return picture.size
    except Image.DecompressionBombError as error:
        raise InputError(f'{path}: {error}') from error
    except Exception:  # Pillow raises anything; OpenCV, which reads it later, knows other formats
        pass
    # which formats OpenCV turns differs by its version
    height, width = read_image(path).shape[:2]
    return width, height
