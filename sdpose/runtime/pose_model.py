# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The one loop from images and boxes to poses, for any model."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import ArrayLike

from sdpose.errors import InputError
from sdpose.runtime.frames import LONGEST_SIDE, read_image
from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.person_boxes import PersonBoxes

Image = str | Path | np.ndarray
Boxes = ArrayLike | PersonBoxes | None
Persons = tuple[np.ndarray, PersonBoxes]
LARGEST_BATCH = 1024  # persons; their crops and what a model makes of them are some gigabytes
LARGEST_WAIT = 1 << 28  # bytes of images that wait for a batch to be full


class PoseModel(ABC):
    """A model that finds the keypoints of persons whose boxes are known.

    Args:
        weights: File of its weights, for messages.
        keypoint_names: The names of its K keypoints.
        skeleton: Pairs of keypoints with a limb between them.
        batch_size: Persons that go through the model at once, of as many images as it takes.

    Attributes:
        seconds: Spent on all predictions so far, by all threads: cropping, running the model,
            decoding.

    Raises:
        InputError: The batch size is not 1 to 1024.

    Several threads may use one model at once: each gets what it would get alone.
    """

    def __init__(
        self,
        weights: str | Path,
        keypoint_names: Sequence[str],
        skeleton: Sequence[Sequence[int]],
        batch_size: int = 32,
    ) -> None:
        if not 1 <= batch_size <= LARGEST_BATCH:
            raise InputError(f'A batch size of {batch_size}: it must be 1 to {LARGEST_BATCH}.')
        self.weights = weights
        self.keypoint_names = list(keypoint_names)
        self.skeleton = skeleton
        self.batch_size = batch_size
        self.seconds = 0.0
        self._lock = Lock()  # of these seconds

    @abstractmethod
    def predict(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of up to ``batch_size`` persons.

        Args:
            crops: For each of N persons the image (H, W, 3), uint8, BGR, and the box (4,) as x, y,
                width, height in pixels.

        Returns:
            Keypoints (N, K, 2) in pixels of the images, and scores (N, K).
        """

    def __call__(
        self, images: Iterable[Image], boxes: Iterable[Boxes] | None = None
    ) -> list[ImagePoses]:
        """Find the poses in some images.

        Args:
            images: Files, or arrays (H, W, 3), uint8, BGR.
            boxes: For each image the boxes of its persons, (N, 4) as x, y, width, height in pixels,
                or ``None`` for one person who fills the image; by default that for every image.

        Returns:
            The poses in each image, :class:`ImagePoses`.

        Raises:
            InputError: A picture cannot be read, or a box has no pixel of the image in it.
        """
        images = list(images)
        boxes = [None] * len(images) if boxes is None else list(boxes)
        if len(boxes) != len(images):
            raise InputError(f'{len(images)} images need as many lists of boxes, not {len(boxes)}.')
        return list(self.stream(zip(images, boxes, strict=True)))

    def stream(self, inputs: Iterable[tuple[Image, Boxes]]) -> Iterator[ImagePoses]:
        """Find the poses in images that come one after another, as of a long video.

        At most ``batch_size`` images, and not much more than 256 MB of them, are held at a time.

        Args:
            inputs: Pairs of an image and the boxes of its persons, each as for a call.

        Yields:
            The poses in each image, in the order of the inputs.

        Raises:
            InputError: A picture cannot be read, a box has no pixel of the image in it, or the
                model gives something other than numbers.

        Example:
            >>> for poses in model.stream((frame, [[20, 30, 100, 240]]) for frame in frames):
            ...     print(poses.scores)
        """
        waiting: list[Persons] = []
        for image, boxes in inputs:
            item = checked_persons(image, boxes)
            both = [*waiting, item]
            persons = sum(len(of.boxes) for _, of in both)
            size = sum(array.nbytes for array, _ in both)
            limits = (persons > self.batch_size, len(both) > self.batch_size, size > LARGEST_WAIT)
            if waiting and any(limits):
                yield from self._infer(waiting)
                waiting = []
            waiting.append(item)
        yield from self._infer(waiting)

    def _infer(self, items: Sequence[Persons]) -> Iterator[ImagePoses]:
        crops = [(image, box) for image, persons in items for box in persons.boxes]
        keypoints = [np.zeros((0, len(self.keypoint_names), 2), dtype=np.float32)]
        scores = [keypoints[0][..., 0]]
        for start in range(0, len(crops), self.batch_size):
            begin = time.perf_counter()
            found = self.predict(crops[start : start + self.batch_size])
            with self._lock:
                self.seconds += time.perf_counter() - begin
            if not all(np.isfinite(values).all() for values in found):
                raise InputError(
                    'The model predicts keypoints that are not numbers: the weights in '
                    f'{self.weights} are broken, as after a training that diverged.'
                )
            keypoints.append(found[0])
            scores.append(found[1])
        all_keypoints = np.concatenate(keypoints, dtype=np.float32)
        all_scores = np.concatenate(scores, dtype=np.float32)
        ends = np.cumsum([len(persons.boxes) for _, persons in items])
        for (_, persons), end in zip(items, ends, strict=True):
            own = slice(end - len(persons.boxes), end)
            yield ImagePoses(all_keypoints[own], all_scores[own], persons)


def checked_persons(image: Image, boxes: Boxes) -> Persons:
    """Read an image where it is a file, and check it and its boxes.

    Args:
        image: File, or array (H, W, 3), uint8, BGR.
        boxes: As of :meth:`PoseModel.__call__`.

    Raises:
        InputError: The picture cannot be read, or a box has no pixel of the image in it.
    """
    if isinstance(image, str | Path):
        image = read_image(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise InputError(
            f'An image must be (H, W, 3) of uint8, not {image.shape} of {image.dtype}.'
        )
    if max(image.shape) > LONGEST_SIDE:
        raise InputError(f'An image of {image.shape}: no side may exceed {LONGEST_SIDE} pixels.')
    if boxes is None:
        return image, PersonBoxes.whole(image)
    persons = boxes if isinstance(boxes, PersonBoxes) else PersonBoxes.of(boxes)
    _, complaints = persons.split_usable(image)
    if complaints:
        raise InputError(f'{complaints[0][0].upper()}{complaints[0][1:]}.')
    return image, persons
