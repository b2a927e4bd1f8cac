# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find and read pictures."""

import glob
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from onnx_runtime.errors import InputError

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff')


@dataclass(frozen=True)
class ImageFile:
    """A picture on disk, which may be missing or broken.

    Attributes:
        path: Where it is.
        name: Its path below the folder that all pictures are in, with ``/``.
    """

    path: Path
    name: str


def find_images(inputs: Sequence[str]) -> list[ImageFile]:
    """Find the pictures that are meant.

    Args:
        inputs: Each a picture, a folder of pictures, or a glob (``**`` goes down into folders).

    Returns:
        Each picture once, in the order of names. Pictures that are missing are there, unless all
        are.

    Raises:
        InputError: There is none at all, a folder has none, or none fits a glob.
    """
    found = {Path(os.path.abspath(path)) for text in inputs for path in _paths(text)}  # noqa: PTH100
    if not any(path.is_file() for path in found):
        raise InputError(f'There is no picture or folder {inputs[0]}.')
    paths = sorted(found)
    # names are relative to what all have in common, so that no two are the same
    root = os.path.commonpath([path.parent for path in paths])
    return [ImageFile(path, path.relative_to(root).as_posix()) for path in paths]


def read_image(path: Path) -> np.ndarray:
    """Read a picture, turned upright as its EXIF data say.

    Returns:
        (H, W, 3), uint8, BGR.

    Raises:
        InputError: It is missing, empty, cut off or no picture; said as the end of a sentence.
    """
    try:
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise InputError(f'it cannot be read ({error.strerror or error})') from error
    if data.size == 0:
        raise InputError('the file is empty')
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:  # e.g. more pixels than OpenCV allows
        raise InputError(f'it cannot be decoded ({error.err})') from error
    if image is None:
        raise InputError('the picture is broken')
    return image


def _paths(text: str) -> list[Path]:
    path = Path(text)
    if path.is_dir():
        return _existing(text, [entry for entry in path.iterdir() if _is_image(entry)])
    if not path.is_file() and glob.has_magic(text):
        found = map(Path, glob.glob(text, recursive=True))  # noqa: PTH207  Path.glob takes no absolute ones
        return _existing(text, [path for path in found if _is_image(path)])
    return [path]


def _existing(text: str, paths: list[Path]) -> list[Path]:
    if not paths:
        raise InputError(f'There is no picture in {text} ({" ".join(IMAGE_SUFFIXES)}).')
    return paths


def _is_image(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES and path.is_file()
