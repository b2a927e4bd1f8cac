# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The pictures that annotations name: they are there, and as large as it says there."""

import hashlib
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from PIL import Image

from sdpose.annotations.entries import Problem
from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file
from sdpose.runtime.frames import read_image

# A picture costs a tenth of a millisecond, and some milliseconds on a network's disk: threads wait
# side by side. The headers of all of COCO's 118,000 pictures take about ten seconds.
NUM_THREADS = 16
OTHER_SIZE = 'picture: another size'
T = TypeVar('T')
ORIENTATION = 0x0112  # of EXIF; 5 to 8 are turned by a quarter


def picture_problems(folder: Path, images: Iterable[dict[str, Any]]) -> list[Problem]:
    """Look at the headers of pictures.

    Args:
        folder: Where they are.
        images: Entries of an annotation file, with ``id``, ``file_name``, ``width``, ``height``.

    Returns:
        What is wrong, one each: a picture is missing, no file, broken, or of another size.
    """
    return [problem for problem in each_picture(_problem, folder, images) if problem]


def look_at_picture(folder: Path, image: dict[str, Any]) -> tuple[Problem | None, bytes]:
    """Decode a picture, say what is wrong, and hash its file, if it is one; empty without one."""
    # what was cut off may have a header that is right
    problem = _problem(folder, image, lambda path: read_image(path).shape[1::-1])
    is_file = problem is None or problem.kind == OTHER_SIZE
    path = folder / image['file_name']
    return problem, hashlib.blake2b(path.read_bytes()).digest() if is_file else b''


def each_picture(
    look: Callable[[Path, dict], T], folder: Path, images: Iterable[dict]
) -> Iterator[T]:
    """Look at many pictures side by side; results come in the order of the images."""
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        yield from pool.map(partial(look, folder), images)


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


def _problem(
    folder: Path, image: dict[str, Any], size_of: Callable[[Path], tuple[int, ...]] = _size_of
) -> Problem | None:
    path = folder / image['file_name']
    number = image['id']
    try:
        width, height = size_of(path)
    except InputError as error:
        text = f'image with id {number} is missing or broken: {str(error).removesuffix(".")}'
        return Problem(text, 'picture: missing or broken', number)
    if (width, height) == (image['width'], image['height']):
        return None
    said = f'{image["width"]}x{image["height"]}'
    text = f'image with id {number}: {path} is {width}x{height} pixels, not {said}'
    if (height, width) == (image['width'], image['height']):
        text += ' (its EXIF turns it upright, or width and height are swapped)'
    return Problem(text, OTHER_SIZE, number)
