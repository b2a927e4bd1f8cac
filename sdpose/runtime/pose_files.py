# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What inference leaves on disk: predictions, the images they belong to, and drawn pictures."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.drawing import draw_poses
from sdpose.runtime.files import write_whole
from sdpose.runtime.frames import Frame, FrameSource, VideoFrames
from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.json_files import JsonListFile
from sdpose.runtime.video_writer import VideoFileWriter

# OpenCV writes colours so; pictures of other formats are drawn as PNG
DRAWN_SUFFIXES = ('.jpg', '.jpeg', '.jpe', '.png', '.bmp', '.webp', '.tif', '.tiff', '.ppm')


class PoseFiles:
    """A folder that poses are written to, image by image; what is in it is always whole.

    - ``predictions.json``: all persons in COCO's results format.
    - ``images.json``: ``id``, ``file_name``, ``width``, ``height`` of each image, as in COCO's
      ground truth; for videos also ``frame``, counted from 0.
    - ``pictures/``, or one video: the poses drawn.

    Args:
        folder: Is made; files of the same names are replaced.
        source: Where the images come from.
        skeleton: Pairs of keypoints with a limb between them.
        threshold: Draw keypoints of at least this confidence; the JSON files have all of them.
        draw: Whether to draw at all.
        video_format: Suffix of drawn videos, see :class:`VideoFileWriter`.
        others: Other files that are read.

    Raises:
        InputError: What is written would replace what is read.
        OSError: Nothing can be written there.
    """

    def __init__(
        self,
        folder: Path,
        source: FrameSource,
        skeleton: Sequence[Sequence[int]],
        threshold: float = 0.3,
        draw: bool = True,
        video_format: str = 'mp4',
        others: Iterable[str | Path] = (),
    ) -> None:
        self.predictions, self.images = folder / 'predictions.json', folder / 'images.json'
        self.num_images = self.num_persons = 0
        self._skeleton, self._threshold, self._draw = skeleton, threshold, draw
        self._pictures = folder / 'pictures'
        self._video: VideoFileWriter | None = None
        targets = [self.predictions, self.images]
        if isinstance(source, VideoFrames):
            names = [source.name]
            video = folder / f'{PurePosixPath(source.name).stem}.{video_format}'
            targets += [video] if draw else []
            self._video = VideoFileWriter(video, source.fps)
        else:
            names = list(source.names)
            drawn = [drawn for name in names for drawn in (name, f'{name}.png')] if draw else []
            targets += [self._pictures / name for name in drawn]
        _check_targets(targets, [*others, *(source.root / name for name in names)])
        self._lists = [JsonListFile(path) for path in (self.predictions, self.images)]

    def add(self, image_id: Any, frame: Frame, poses: ImagePoses) -> None:
        """Write the poses of one image.

        Args:
            image_id: Of the image in the predictions.
            frame: The image.
            poses: The poses in it.
        """
        height, width = frame.image.shape[:2]
        record = dict(id=image_id, file_name=frame.name, width=width, height=height)
        if self._video is not None:
            record['frame'] = frame.number
        if self._draw:
            self._add_drawn(frame, poses)
        predictions, images = self._lists
        images.extend([record])
        predictions.extend(poses.to_coco(image_id))
        self.num_images += 1
        self.num_persons += len(poses.keypoints)

    def close(self) -> None:
        """Finish the files."""
        with ExitStack() as stack:
            for file in (*self._lists, self._video):
                if file is not None:
                    stack.callback(file.close)

    def _add_drawn(self, frame: Frame, poses: ImagePoses) -> None:
        drawn = draw_poses(
            frame.image, poses.keypoints, poses.keypoint_scores, self._skeleton, self._threshold
        )
        if self._video is not None:
            self._video.write(drawn)
            return
        target = self._pictures / frame.name
        data = _encode(drawn, target.suffix) if target.suffix.lower() in DRAWN_SUFFIXES else None
        if data is None:
            target, data = target.with_name(f'{target.name}.png'), _encode(drawn, '.png')
        if data is None:
            raise InputError(f'{target} cannot be drawn: OpenCV does not write such a picture.')
        write_whole(target, data)


def _encode(picture: np.ndarray, suffix: str) -> bytes | None:
    """A picture in the format of a suffix, or ``None`` where OpenCV cannot write it so."""
    try:
        encoded, data = cv2.imencode(suffix, picture)
    except cv2.error:  # e.g. more pixels than WebP can have
        return None
    return data.tobytes() if encoded else None


def _check_targets(targets: Iterable[Path], read: Iterable[str | Path]) -> None:
    """Refuse to replace what is read."""
    inputs = {_identity(Path(path)) for path in read} - {None}
    for target in targets:
        if _identity(target) in inputs:
            raise InputError(
                f'What is written would replace the input {target}: give another --out-dir.'
            )


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except (OSError, ValueError):  # missing, or a name with a NUL in it
        return None
    return status.st_dev, status.st_ino
