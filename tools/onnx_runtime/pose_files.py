# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What is left on disk: predictions, the images they belong to, and drawn pictures."""

import json
import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np

from onnx_runtime.boxes import PersonBoxes
from onnx_runtime.errors import InputError
from onnx_runtime.images import ImageFile

# MMPose's CocoMetric: keypoints with a lower score do not count for the score of the person
COUNTED_SCORE = 0.2
SAVED_EVERY = 50  # images


class PoseFiles:
    """A folder that poses are written to; every file in it is whole, whenever the run ends.

    - ``predictions.json``: all persons in COCO's results format.
    - ``images.json``: ``id``, ``file_name``, ``width``, ``height`` of each image.
    - ``pictures/``: the poses drawn, under the names of the images.

    Args:
        folder: Is made; files of the same names are replaced.

    Raises:
        InputError: Nothing can be written there.
    """

    def __init__(self, folder: Path) -> None:
        self.predictions = folder / 'predictions.json'
        self.pictures = folder / 'pictures'
        self._images = folder / 'images.json'
        self._persons: list[dict] = []
        self._records: list[dict] = []
        self.save()

    @property
    def num_images(self) -> int:
        """How many images have been added."""
        return len(self._records)

    @property
    def num_persons(self) -> int:
        """How many persons have been added."""
        return len(self._persons)

    def add(self, image_id: Any, name: str, image: np.ndarray, persons: list[dict]) -> None:
        """Add the poses of one image; some images later they are on disk.

        Args:
            image_id: Of the image.
            name: Of the image.
            image: (H, W, 3).
            persons: From :func:`coco_results`.
        """
        height, width = image.shape[:2]
        self._records.append(dict(id=image_id, file_name=name, width=width, height=height))
        self._persons += persons
        if len(self._records) % SAVED_EVERY == 0:
            self.save()

    def save(self) -> None:
        """Bring the JSON files up to date."""
        write_whole(self.predictions, json.dumps(self._persons, allow_nan=False).encode())
        write_whole(self._images, json.dumps(self._records, allow_nan=False).encode())

    def draw(self, name: str, picture: np.ndarray) -> str | None:
        """Write a drawn picture.

        Returns:
            What went wrong, as the end of a sentence; ``None`` if nothing did.
        """
        target = drawn_name(name)
        suffix = PurePosixPath(target).suffix
        try:
            encoded, data = cv2.imencode(suffix, picture)
        except cv2.error:  # e.g. more pixels than WebP can have
            encoded = False
        if not encoded:
            return f'OpenCV cannot write the drawn picture as {suffix}'
        write_whole(self.pictures / target, data.tobytes())
        return None


def drawn_name(name: str) -> str:
    """The name of an image, as PNG if OpenCV cannot write its format: ``a.jpg``, ``a.jfif.png``."""
    suffix = PurePosixPath(name).suffix
    return name if suffix and cv2.haveImageWriter(f'name{suffix}') else f'{name}.png'


def check_targets(folder: Path, images: Iterable[ImageFile], others: Iterable[Path]) -> None:
    """Refuse to replace what is read.

    Args:
        folder: That poses are to be written to.
        images: What is read.
        others: Other files that are read; they may be missing.

    Raises:
        InputError: A file to be written is one of them.
    """
    images = list(images)
    targets = [folder / name for name in ('predictions.json', 'images.json')]
    targets += [folder / 'pictures' / drawn_name(image.name) for image in images]
    inputs = {_identity(path) for path in (*others, *(image.path for image in images))} - {None}
    for target in targets:
        if _identity(target) in inputs:
            raise InputError(
                f'The output would replace the input {target}: give another --out-dir.'
            )


def coco_results(
    image_id: Any, persons: PersonBoxes, keypoints: np.ndarray, scores: np.ndarray
) -> list[dict]:
    """Put the N persons of one image into COCO's results format.

    The score of a person is that of its box times the mean score of its keypoints above 0.2, as in
    MMPose's CocoMetric.

    Args:
        image_id: Of the image.
        persons: Their boxes.
        keypoints: (N, K, 2), pixels of the image.
        scores: (N, K).
    """
    counted = scores > COUNTED_SCORE
    total = np.where(counted, scores, 0).sum(axis=1) / np.maximum(counted.sum(axis=1), 1)
    triples = np.concatenate([keypoints, scores[..., None]], axis=-1)  # (N, K, 3)
    return [
        dict(
            image_id=image_id,
            category_id=1,
            keypoints=np.round(person.astype(float), 5).ravel().tolist(),
            score=round(float(score), 6),
            bbox=np.round(box.astype(float), 3).tolist(),
        )
        for person, score, box in zip(triples, persons.scores * total, persons.boxes, strict=True)
    ]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file beside its place, then put it there: a kill leaves the old one or the new one.

    Raises:
        InputError: It cannot be written.
    """
    partial = path.with_name(f'.{path.name}.{os.getpid()}.partial')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            partial.write_bytes(data)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(f'{path} cannot be written: {error.strerror or error}.') from error


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
