# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes from a detector of MMDetection."""

import importlib

import numpy as np
from mmengine.config import Config
from mmpose.evaluation.functional import nms
from mmpose.utils import adapt_mmdet_pipeline

from sdpose.engine.config_file import load_config
from sdpose.engine.devices import choose_device
from sdpose.errors import InputError, blame_config
from sdpose.runtime.frames import Frame
from sdpose.runtime.person_boxes import PersonBoxes


class PersonDetector:
    """Find persons as MMPose's demos do: a detector, a score threshold, non-maximum suppression.

    Args:
        config: Config file of an MMDetection model.
        checkpoint: Its checkpoint.
        device: Of the detector, e.g. ``cuda:0``; by default the GPU if there is one.
        score_threshold: Leave out detections with a lower score.
        nms_threshold: Of two boxes with a larger IoU, the one with the lower score is left out.
        person_label: The detector's label of persons; 0 in detectors trained on COCO.

    Raises:
        InputError: mmdet or its compiled operators are not installed, or config or checkpoint are
            wrong.
    """

    def __init__(
        self,
        config: str,
        checkpoint: str,
        device: str | None = None,
        score_threshold: float = 0.3,
        nms_threshold: float = 0.3,
        person_label: int = 0,
    ) -> None:
        try:
            self._mmdet = importlib.import_module('mmdet.apis')
        except (ImportError, AssertionError) as error:  # mmdet asserts the version of mmcv
            raise InputError(
                'A live detector needs mmdet and the full mmcv with compiled operators, which '
                'mmcv-lite has not (pip install mmdet mmcv), and they cannot be imported here: '
                f'{error}. '
                'Without them: --det-onnx, --bboxes, --bbox-file or --whole-image.'
            ) from error
        cfg: Config = load_config(config)
        with blame_config(config):
            self.model = self._mmdet.init_detector(
                cfg, checkpoint, device=str(choose_device(device))
            )
        # MMPose's default scope does not know MMDetection's transforms by their plain names
        self.model.cfg = adapt_mmdet_pipeline(self.model.cfg)
        self.score_threshold = score_threshold
        self.nms_threshold = nms_threshold
        self.person_label = person_label

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Detect the persons in one image, best score first; a :class:`BoxSource`."""
        found = self._mmdet.inference_detector(self.model, frame.image).pred_instances
        corners, scores, labels = (
            values.cpu().numpy() for values in (found.bboxes, found.scores, found.labels)
        )
        persons = (labels == self.person_label) & (scores >= self.score_threshold)
        corners, scores = corners[persons], scores[persons]
        kept = nms(np.concatenate([corners, scores[:, None]], axis=1), self.nms_threshold)
        corners, scores = corners[kept], scores[kept]
        # x1, y1, x2, y2 -> x, y, w, h
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return PersonBoxes.of(boxes, scores), []
