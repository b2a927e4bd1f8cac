# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A trained model that finds the poses of persons whose boxes are known."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.structures.bbox import bbox_xywh2xyxy

from sdpose.apis.trained_model import load_trained_model
from sdpose.engine.config_file import load_config, merge_options
from sdpose.engine.devices import choose_device, half_precision
from sdpose.errors import InputError, blame_config
from sdpose.models.inference import prepare_to_run
from sdpose.runtime.pose_model import Image, PoseModel, checked_persons


class PoseInferencer(PoseModel):
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
        cfg_options: Dotted key -> value, settings that replace those of the config, such as
            ``{'model.neck.test_cycles': 2}``.
        amp: Compute in half precision: faster, and less exact.
        prepare: Make the model fast (:func:`prepare_to_run`); ``False`` leaves all that its
            layers compute to look at.

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
        >>> for poses in infer.stream((frame, [[20, 30, 100, 240]]) for frame in video):
        ...     print(poses.scores)
    """

    def __init__(
        self,
        config: str | Path | Config,
        checkpoint: str | Path,
        device: str | None = None,
        batch_size: int = 32,
        cfg_options: dict[str, Any] | None = None,
        *,
        amp: bool = False,
        prepare: bool = True,
    ) -> None:
        self.device = choose_device(device)
        cfg = config if isinstance(config, Config) else load_config(str(config))
        cfg = merge_options(cfg, cfg_options or {})
        self.model = load_trained_model(cfg, checkpoint).to(self.device)
        self._half = half_precision(self.device) if amp else None
        with blame_config(cfg.filename or 'The config'):
            if prepare:
                prepare_to_run(self.model, self._half, cfg.get('compile'))
            self._pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
        self.dataset_meta = meta = self.model.dataset_meta
        names = [meta['keypoint_id2name'][index] for index in range(meta['num_keypoints'])]
        super().__init__(checkpoint, names, meta['skeleton_links'], batch_size)

    def crop(self, image: Image, box: Sequence[float] | None = None) -> dict:
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
        array, persons = checked_persons(image, None if box is None else [box])
        return self._packed(array, persons.boxes[0])

    def predict(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of some persons, see :meth:`PoseModel.predict`."""
        batch = [self._packed(*crop) for crop in crops]
        try:
            with (
                torch.inference_mode(),
                torch.autocast(self.device.type, self._half, enabled=self._half is not None),
            ):
                samples = self.model.test_step(pseudo_collate(batch))
        except torch.cuda.OutOfMemoryError as error:
            raise InputError(
                f'{len(batch)} persons at once need more memory than {self.device} has: '
                'give a smaller batch size.'
            ) from error
        found = [sample.pred_instances for sample in samples]
        keypoints = np.concatenate([instance.keypoints for instance in found])[..., :2]
        return keypoints, np.concatenate([instance.keypoint_scores for instance in found])

    def _packed(self, image: np.ndarray, box: np.ndarray) -> dict:
        """The person's crop as the model takes it, and what leads from it back to the image."""
        return self._pipeline(
            dict(
                img=image,
                bbox=bbox_xywh2xyxy(box[None]),  # (1, 4)
                bbox_score=np.ones(1, dtype=np.float32),
                **self.dataset_meta,
            )
        )
