# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Images from files, folders, videos and cameras, one after another."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from sdpose.errors import InputError, reason
from sdpose.runtime.files import check_is_file, check_is_utf8

IMAGE_SUFFIXES = (
    *('.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.bmp', '.webp', '.tif', '.tiff'),
    *('.jp2', '.pbm', '.pgm', '.ppm', '.pnm'),
)
VIDEO_SUFFIXES = ('.mp4', '.avi', '.mov', '.mkv', '.webm', '.m4v', '.mpg', '.mpeg', '.wmv', '.gif')
FALLBACK_FPS = 25.0
LARGEST_FILE, LONGEST_CAMERA = 1 << 30, 10  # bytes; digits of a number that is a C integer
LONGEST_SIDE = 32766  # pixels that OpenCV's warpAffine, which cuts the persons out, can address
# milliseconds that a stream may take to open, and for a frame
PATIENCE = (cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, 10_000, cv2.CAP_PROP_READ_TIMEOUT_MSEC, 10_000)
# containers estimate the number of frames; fewer than this share mean that the file was cut off
WHOLE_VIDEO = 0.95


@dataclass(frozen=True)
class Frame:
    """One image of an input.

    Attributes:
        image: (H, W, 3), uint8, BGR as OpenCV has it.
        name: File name, relative to the input's folder, with ``/``; that of the video for frames.
        number: Its place in the input, counted from 0.
    """

    image: np.ndarray
    name: str
    number: int


@dataclass(frozen=True)
class Unreadable:
    """An image of an input that could not be read.

    Attributes:
        name: As of a :class:`Frame`.
        problem: What is wrong, as the end of a sentence that begins with the name.
    """

    name: str
    problem: str


class ImageFiles:
    """Pictures on disk.

    Args:
        root: Folder.
        names: Of the pictures, relative to ``root``. Those that are missing, broken or videos are
            told as :class:`Unreadable`.
    """

    def __init__(self, root: Path, names: Sequence[str]) -> None:
        self.root = root
        self.names = names

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        for number, name in enumerate(self.names):
            if _is_video(Path(name)):
                yield Unreadable(name, 'it is a video, which has to be given by itself')
                continue
            try:
                yield Frame(_decode(self.root / name), name, number)
            except ValueError as error:
                yield Unreadable(name, str(error))


class VideoFrames:
    """The frames of a video file, a camera or a stream.

    Args:
        source: Path or address of a video, or the number of a camera.

    Attributes:
        root: Folder of the file.
        name: File name; ``webcam0`` and the like for cameras, ``stream`` for addresses.
        fps: Frames a second.

    Raises:
        InputError: It cannot be opened.
    """

    def __init__(self, source: str | int) -> None:
        is_file = isinstance(source, str) and '://' not in source
        path = Path(f'webcam{source}' if isinstance(source, int) else source)
        if is_file:
            check_is_file(path, 'video')
            check_is_utf8(path)
        self._capture = (
            cv2.VideoCapture(source)
            if isinstance(source, int)
            else cv2.VideoCapture(source, cv2.CAP_ANY, PATIENCE)
        )
        if not self._capture.isOpened():
            if isinstance(source, int):
                raise InputError(
                    f'The camera {source} cannot be opened. Check that it is plugged in, that no '
                    'other program uses it and that you may read /dev/video*.'
                )
            raise InputError(
                f'The video {source} cannot be opened: it is broken or nothing answers.'
            )
        fps = self._capture.get(cv2.CAP_PROP_FPS)
        self.fps = fps if 0 < fps <= 1000 else FALLBACK_FPS
        self._num_frames = int(self._capture.get(cv2.CAP_PROP_FRAME_COUNT)) if is_file else 0
        self.root = path.parent
        self.name = 'stream' if '://' in str(source) else path.name

    def __len__(self) -> int:
        """Number of frames as the file states it; 0 if it does not."""
        return max(0, self._num_frames)

    def __iter__(self) -> Iterator[Frame | Unreadable]:
        number = 0
        try:
            while True:
                found, image = self._capture.read()
                if not found:
                    break
                yield Frame(image, self.name, number)
                number += 1
        finally:
            self._capture.release()
        if number < max(1, WHOLE_VIDEO * len(self)):
            yield Unreadable(self.name, f'it ends after {number} of {len(self) or "its"} frames')


FrameSource = ImageFiles | VideoFrames


def open_frames(inputs: Sequence[str]) -> FrameSource:
    """Find out what some inputs are, and open them.

    Args:
        inputs: Pictures, folders of pictures and globs such as ``'data/*/a*.jpg'`` (``**`` goes
            down into folders), as many as you like; or one video file, address of a stream, or
            camera's number.

    Raises:
        InputError: One does not exist, cannot be opened, or has no picture in it.
    """
    moving = [text for text in inputs if _is_moving(text)]
    if moving and len(inputs) > 1:
        raise InputError(f'{moving[0]} is a video or camera, which has to be given by itself.')
    if moving:
        return VideoFrames(int(moving[0]) if moving[0].isdecimal() else moving[0])
    found = {Path(os.path.abspath(path)): path for text in inputs for path in _pictures(text)}  # noqa: PTH100
    if not any(path.is_file() for path in found):
        check_is_file(next(iter(found.values())), 'picture, folder or video')
    paths = sorted(found)
    # names are relative to what all have in common, so that no two are the same
    root = Path(os.path.commonpath([path.parent for path in paths]))
    return ImageFiles(root, [path.relative_to(root).as_posix() for path in paths])


def read_image(path: str | Path) -> np.ndarray:
    """Read a picture, turned upright as its EXIF data say.

    Args:
        path: A file.

    Returns:
        (H, W, 3), uint8, BGR.

    Raises:
        InputError: The file is missing, empty, cut off or no picture.
    """
    try:
        return _decode(path)
    except ValueError as error:
        raise InputError(f'{path}: {error}.') from error


def _decode(path: str | Path) -> np.ndarray:
    """As :func:`read_image`, with the problem alone as ``ValueError``."""
    try:
        status = Path(path).stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError('it is a folder, a pipe or a device')
        if status.st_size > LARGEST_FILE:
            raise ValueError(f'the file has more than {LARGEST_FILE >> 30} GB')
        data = np.fromfile(path, dtype=np.uint8)
    except OSError as error:
        raise ValueError(f'it cannot be read ({reason(error)})') from error
    if data.size == 0:
        raise ValueError('the file is empty')
    try:
        image = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error as error:
        if 'CV_IO_MAX_IMAGE' in error.err:
            raise ValueError('it has more pixels than OpenCV is allowed to read') from error
        raise ValueError(f'it cannot be decoded ({error.err})') from error
    if image is None:
        raise ValueError('the picture is broken')
    if max(image.shape) > LONGEST_SIDE:
        raise ValueError(f'it has a side of more than {LONGEST_SIDE} pixels')
    return image


def _is_moving(text: str) -> bool:
    """Whether an input is a video, a stream or a camera."""
    path = Path(text)
    if path.exists() or path.is_symlink():
        return _is_video(path)
    return (text.isdecimal() and len(text) < LONGEST_CAMERA) or '://' in text


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and not path.is_dir()


def _pictures(text: str) -> list[Path]:
    """The pictures that one input means; videos in a folder as well, to be reported."""
    if not text:
        raise InputError('An input has an empty name, as of a shell variable that is not set.')
    path = Path(text)
    if path.is_dir():
        found = list(path.iterdir())
        hint = f' For those in folders below it give a glob: "{text}/**/*.jpg".'
    elif not path.exists() and glob.has_magic(text):
        found = list(map(Path, glob.glob(text, recursive=True)))  # noqa: PTH207  Path.glob takes no absolute ones
        hint = ''
    else:
        return [path]
    suffixes = (*IMAGE_SUFFIXES, *VIDEO_SUFFIXES)
    # pipes and links to nothing as well, to be reported
    found = [entry for entry in found if entry.suffix.lower() in suffixes and not entry.is_dir()]
    if all(map(_is_video, found)):
        hint += ' Videos have to be given by themselves.' if found else ''
        raise InputError(f'There is no picture in {text} ({" ".join(IMAGE_SUFFIXES)}).{hint}')
    return found
