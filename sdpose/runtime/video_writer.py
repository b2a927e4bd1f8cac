# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Write videos with what OpenCV has on board."""

from pathlib import Path

import cv2
import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_utf8
from sdpose.runtime.frames import WHOLE_VIDEO

# Container -> codec. OpenCV's wheels have no H.264 encoder.
CODECS = {'.mp4': 'mp4v', '.mkv': 'mp4v', '.avi': 'MJPG'}


class VideoFileWriter:
    """A video file that grows frame by frame; the first frame decides its size.

    An ``.mp4`` can be played only after :meth:`close`; ``.mkv`` and ``.avi`` also when the program
    was killed before that, up to the last 256 kB, which FFmpeg holds back. Encoders want even
    sides: a frame of odd width or height gets its last column or row twice.

    Args:
        path: ``.mp4``, ``.mkv`` or ``.avi``.
        fps: Frames a second.

    Raises:
        InputError: Another suffix, or a name that is not UTF-8.
    """

    def __init__(self, path: Path, fps: float) -> None:
        if path.suffix not in CODECS:
            raise InputError(f'{path}: videos are written as {", ".join(CODECS)}.')
        check_is_utf8(path)
        self.path = path
        self.fps = fps
        self._writer: cv2.VideoWriter | None = None
        self._shape: tuple[int, ...] = ()
        self._num_frames = 0

    def write(self, frame: np.ndarray) -> None:
        """Append a frame.

        Args:
            frame: (H, W, 3), uint8, BGR; all of the same size.

        Raises:
            InputError: This OpenCV cannot write such videos, or the size has changed.
        """
        if self._writer is None:
            self._writer = self._open(frame)
            self._shape = frame.shape
        if frame.shape != self._shape:
            raise InputError(
                f'{self.path}: the frames change their size from {self._shape[:2]} to '
                f'{frame.shape[:2]} (h, w), which a video cannot.'
            )
        height, width = frame.shape[:2]
        even = cv2.copyMakeBorder(frame, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
        self._writer.write(even)
        self._num_frames += 1

    def close(self) -> None:
        """Finish the file.

        Raises:
            InputError: The file is not whole, which OpenCV does not tell.
        """
        if self._writer is None:
            return
        self._writer.release()
        found = cv2.VideoCapture(str(self.path)).get(cv2.CAP_PROP_FRAME_COUNT)
        if found + 1 < WHOLE_VIDEO * self._num_frames:
            raise InputError(
                f'{self.path} is not whole: it has less than the {self._num_frames} frames that '
                'were drawn. Is the disk full?'
            )

    def _open(self, frame: np.ndarray) -> cv2.VideoWriter:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        codec = CODECS[self.path.suffix]
        height, width = frame.shape[:2]
        size = (width + width % 2, height + height % 2)
        writer = cv2.VideoWriter(str(self.path), cv2.VideoWriter.fourcc(*codec), self.fps, size)
        if not writer.isOpened():
            raise InputError(
                f'{self.path} cannot be written: this OpenCV has no encoder for {codec}, or the '
                'folder is write-protected. Try --video-format avi.'
            )
        return writer
