# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A trained model that finds the poses of persons whose boxes are known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from copy import deepcopy
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.structures import PoseDataSample
from mmpose.structures.bbox import bbox_xywh2xyxy
from numpy.typing import ArrayLike

from sdpose.apis.frames import read_image
from sdpose.apis.image_poses import ImagePoses
from sdpose.apis.person_boxes import PersonBoxes
from sdpose.apis.trained_model import load_trained_model
from sdpose.config_file import check_options, load_config
from sdpose.engine.devices import choose_device
from sdpose.errors import InputError, building

Tag = TypeVar('Tag')


class PoseInferencer:
    """Poses of persons in images, from a config and a checkpoint.

    MMPose's ``Pose2DInferencer`` does not fit: it ignores boxes that are given to it, its persons
    come from MMDetection or fill the image; it puts all persons of an image into one batch,
    however many, and never those of several images; and it loads checkpoints that do not fit with
    a warning. So this class joins the parts below it: ``init_model``, the config's test pipeline
    and ``model.test_step``. Any top-down model of MMPose works, with heatmaps or regression.

    Args:
        config: Config file, or a config that has been read.
        checkpoint: Its weights.
        device: ``cpu``, ``cuda``, ``cuda:1``...; by default the GPU if there is one.
        batch_size: Persons that go through the model at once, of as many images as it takes.
        test_cycles: Cycles of an SDPose model, instead of the config's ``neck.test_cycles``.
        cfg_options: Dotted key -> value, settings that replace those of the config.

    Attributes:
        model: The model, in evaluation mode.
        dataset_meta: What MMPose knows of the keypoints: their names, skeleton, flip pairs.
        device: Where the model is.

    Raises:
        InputError: Config, checkpoint or device are missing, broken or do not fit each other.

    Example:
        >>> infer = PoseInferencer(CONFIG, 'epoch_300.pth')
        >>> (poses,) = infer(['street.jpg'], [[[20, 30, 100, 240]]])
        >>> poses.keypoints.shape
        (1, 17, 2)
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str | None = None,
        batch_size: int = 32,
        test_cycles: int | None = None,
        cfg_options: dict[str, Any] | None = None,
    ) -> None:
        if batch_size < 1:
            raise InputError(f'A batch size of {batch_size}: at least one person is needed.')
        self.batch_size = batch_size
        self.device = choose_device(device)
        cfg = deepcopy(config) if isinstance(config, Config) else load_config(str(config))
        check_options(cfg, cfg_options or {})
        cfg.merge_from_dict(cfg_options or {})
        if test_cycles is not None:
            _set_test_cycles(cfg, test_cycles)
        self.model = load_trained_model(cfg, checkpoint).to(self.device)
        with building(cfg.filename or 'The config'):
            self._pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
        self.dataset_meta = self.model.dataset_meta
        self._checkpoint = checkpoint

    def __call__(
        self,
        images: Iterable[str | Path | np.ndarray],
        boxes: Iterable[ArrayLike | PersonBoxes | None] | None = None,
    ) -> list[ImagePoses]:
        """Find the poses in some images.

        Args:
            images: Files, or arrays (H, W, 3), uint8, BGR.
            boxes: For each image the boxes of its persons, (N, 4) as x, y, width, height in pixels,
                or ``None`` for one person who fills the image; by default that for every image.

        Returns:
            The poses in each image.

        Raises:
            InputError: A picture cannot be read, or a box has no pixel of the image in it.
        """
        images = list(images)
        boxes = [None] * len(images) if boxes is None else list(boxes)
        if len(boxes) != len(images):
            raise InputError(f'{len(images)} images need as many lists of boxes, not {len(boxes)}.')
        inputs = (_prepared(image, b) for image, b in zip(images, boxes, strict=True))
        return [poses for _, poses in self.stream(inputs)]

    def stream(
        self, inputs: Iterable[tuple[Tag, np.ndarray, PersonBoxes]]
    ) -> Iterator[tuple[Tag, ImagePoses]]:
        """Find the poses in images that come one after another, as of a long video.

        At most ``batch_size`` images are held at a time.

        Args:
            inputs: Anything that the image shall be known by, the image (H, W, 3) as uint8 and
                BGR, and the usable boxes of its persons.

        Yields:
            What the image is known by and its poses, in the order of the inputs.

        Raises:
            InputError: The model gives something other than numbers, or the GPU's memory is full.
        """
        waiting: list[tuple[Tag, np.ndarray, PersonBoxes]] = []
        for item in inputs:
            persons = sum(len(boxes.boxes) for _, _, boxes in [*waiting, item])
            if waiting and (persons > self.batch_size or len(waiting) == self.batch_size):
                yield from self._infer(waiting)
                waiting = []
            waiting.append(item)
        yield from self._infer(waiting)

    def crop(self, image: str | Path | np.ndarray, box: Sequence[float] | None = None) -> dict:
        """Cut one person out of an image, as the config's test pipeline does.

        Args:
            image: File, or array (H, W, 3), uint8, BGR.
            box: x, y, width, height in pixels; by default the person fills the image.

        Returns:
            What ``model.data_preprocessor`` takes, once collated: ``inputs``, the crop (3, h, w),
            uint8, and ``data_samples``.

        Raises:
            InputError: The picture cannot be read, or the box has no pixel of the image in it.
        """
        _, array, persons = _prepared(image, None if box is None else [box])
        return self._packed(array, persons.boxes[0], persons.scores[0])

    def _infer(
        self, items: Sequence[tuple[Tag, np.ndarray, PersonBoxes]]
    ) -> Iterator[tuple[Tag, ImagePoses]]:
        crops = [
            (image, box, score)
            for _, image, persons in items
            for box, score in zip(persons.boxes, persons.scores, strict=True)
        ]
        samples: list[PoseDataSample] = []
        for start in range(0, len(crops), self.batch_size):
            batch = [self._packed(*crop) for crop in crops[start : start + self.batch_size]]
            try:
                with torch.no_grad():
                    samples += self.model.test_step(pseudo_collate(batch))
            except torch.cuda.OutOfMemoryError as error:
                raise InputError(
                    f'{len(batch)} persons at once need more memory than {self.device} has: '
                    'give a smaller batch size.'
                ) from error
        for tag, _, persons in items:
            count = len(persons.boxes)
            yield tag, self._image_poses(samples[:count], persons)
            samples = samples[count:]

    def _packed(self, image: np.ndarray, box: np.ndarray, score: np.ndarray) -> dict:
        """The person's crop as the model takes it, and what leads from it back to the image."""
        return self._pipeline(
            dict(
                img=image,
                bbox=bbox_xywh2xyxy(box[None]),  # (1, 4)
                bbox_score=score[None],
                **self.dataset_meta,
            )
        )

    def _image_poses(self, samples: list[PoseDataSample], persons: PersonBoxes) -> ImagePoses:
        if not samples:
            num_keypoints = self.dataset_meta['num_keypoints']
            nothing = np.zeros((0, num_keypoints, 2), dtype=np.float32)
            return ImagePoses(nothing, nothing[..., 0], persons)
        found = [sample.pred_instances for sample in samples]
        keypoints = np.concatenate([instance.keypoints for instance in found])[..., :2]
        scores = np.concatenate([instance.keypoint_scores for instance in found])
        if not (np.isfinite(keypoints).all() and np.isfinite(scores).all()):
            raise InputError(
                f'The model predicts keypoints that are not numbers: the weights in '
                f'{self._checkpoint} are broken, as after a training that diverged.'
            )
        return ImagePoses(keypoints.astype(np.float32), scores.astype(np.float32), persons)


def _set_test_cycles(cfg: Config, test_cycles: int) -> None:
    neck = cfg.get('model', {}).get('neck') or {}
    if neck.get('type') != 'MultiCycledTransformer':
        raise InputError('Only models with a MultiCycledTransformer as neck have cycles to set.')
    if test_cycles < 1:
        raise InputError(f'{test_cycles} test cycles: at least one must run.')
    neck['test_cycles'] = test_cycles


def _prepared(
    image: str | Path | np.ndarray, boxes: ArrayLike | PersonBoxes | None
) -> tuple[None, np.ndarray, PersonBoxes]:
    if isinstance(image, str | Path):
        image = read_image(image)
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
        raise InputError(
            f'An image must be (H, W, 3) of uint8, not {image.shape} of {image.dtype}.'
        )
    height, width = image.shape[:2]
    if boxes is None:
        boxes = [[0, 0, width, height]]
    persons = boxes if isinstance(boxes, PersonBoxes) else PersonBoxes.of(boxes)
    _, complaints = persons.split_usable(height, width)
    if complaints:
        raise InputError(f'{complaints[0][0].upper()}{complaints[0][1:]}.')
    return None, image, persons
