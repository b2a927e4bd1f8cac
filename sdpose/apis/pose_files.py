# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What inference leaves on disk: predictions, the images they belong to, and drawn pictures."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
from mmengine.fileio import put

from sdpose.apis.frames import Frame, FrameSource, VideoFrames
from sdpose.apis.image_poses import ImagePoses
from sdpose.closing import Closing
from sdpose.errors import InputError
from sdpose.json_files import JsonListFile
from sdpose.visualization import VideoFileWriter, draw_poses


class PoseFiles(Closing):
    """A folder that poses are written to, image by image; what is in it is always whole.

    - ``predictions.json``: all persons in COCO's results format.
    - ``images.json``: ``id``, ``file_name``, ``width``, ``height`` of each image, as in COCO's
      ground truth; for videos also ``frame``, counted from 0.
    - ``pictures/``, or one video: the poses drawn.

    Args:
        folder: Is made; files of the same names are replaced.
        source: Where the images come from.
        dataset_meta: The model's; its ``skeleton_links`` are drawn.
        threshold: Draw keypoints of at least this confidence; the JSON files have all of them.
        draw: Whether to draw at all.
        video_format: Suffix of drawn videos, see :class:`VideoFileWriter`.

    Raises:
        InputError: What is drawn would replace what is read.
    """

    def __init__(
        self,
        folder: Path,
        source: FrameSource,
        dataset_meta: dict[str, Any],
        threshold: float = 0.3,
        draw: bool = True,
        video_format: str = 'mp4',
    ) -> None:
        self.folder = folder
        self._skeleton = dataset_meta['skeleton_links']
        self._threshold = threshold
        self._draw = draw
        self._pictures = folder / 'pictures'
        self._video: VideoFileWriter | None = None
        drawn = self._pictures
        if isinstance(source, VideoFrames):
            drawn = folder / f'{PurePosixPath(source.name).stem}.{video_format}'
            self._video = VideoFileWriter(drawn, source.fps)
        read = source.root / source.name if isinstance(source, VideoFrames) else source.root
        if draw and drawn.exists() and read.exists() and drawn.samefile(read):
            raise InputError(
                f'The drawn poses would replace the input {read}: give another --out-dir.'
            )
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._predictions = JsonListFile(folder / 'predictions.json')
            self._images = JsonListFile(folder / 'images.json')
        except OSError as error:
            raise InputError(f'Nothing can be written to {folder}: {error.strerror}.') from error
        self.num_images = 0
        self.num_persons = 0

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
        self._images.extend([record])
        self._predictions.extend(poses.to_coco(image_id))
        self.num_images += 1
        self.num_persons += len(poses.keypoints)

    def close(self) -> None:
        """Finish the files."""
        with ExitStack() as stack:
            for file in (self._predictions, self._images, self._video):
                if file is not None:
                    stack.callback(file.close)

    def _add_drawn(self, frame: Frame, poses: ImagePoses) -> None:
        drawn = draw_poses(
            frame.image, poses.keypoints, poses.keypoint_scores, self._skeleton, self._threshold
        )
        if self._video is not None:
            self._video.write(drawn)
        else:
            target = self._pictures / frame.name
            if not cv2.haveImageWriter(target.name):  # of a suffix that only can be read
                target = target.with_name(f'{target.name}.png')
            _, data = cv2.imencode(target.suffix, drawn)
            put(data.tobytes(), target)  # whole or not at all
