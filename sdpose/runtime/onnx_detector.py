# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes from a YOLOX or RTMDet in an ONNX file, by the readers of ``rtmlib``."""

import io
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file
from sdpose.runtime.frames import Frame
from sdpose.runtime.onnx_model import first_line
from sdpose.runtime.person_boxes import PersonBoxes

SIDE = 640  # pixels, of the input, where the file leaves it open
STRIDES = (8, 16, 32)  # of the three maps whose cells are raw predictions
PERSON_LABEL = 0  # in detectors trained on COCO or on persons alone
OBJECTNESS, PERSON_SCORE = 4, 5  # columns of raw predictions, after those of the box
# RTMDet's channel attention, which YOLOX has not: both have the same outputs
MARK_OF_RTMDET = b'HardSigmoid'


class OnnxPersonDetector:
    """Find persons by a detector in an ONNX file: a :class:`BoxSource`.

    ``rtmlib`` prepares the picture and reads what comes out, but keeps neither the scores nor,
    mostly, the classes: these are taken from the outputs here.

    Args:
        path: YOLOX or RTMDet as mmdeploy exports them, ``dets`` (1, N, 5) and ``labels`` (1, N);
            ``dets`` alone, all of persons; or YOLOX without suppression, (1, N, 5 + classes).
        score_threshold: Leave out detections with a lower score.

    Raises:
        InputError: rtmlib is not installed, or the file is missing, broken or no such detector.
    """

    def __init__(self, path: str | Path, score_threshold: float = 0.3) -> None:
        path = Path(path)
        check_is_file(path, 'detector')
        try:
            # only those who ask for a detector need them
            import onnxruntime  # noqa: F401, PLC0415
            import rtmlib  # noqa: PLC0415
        except ImportError as error:
            # with its dependencies it would bring two more OpenCVs beside ours
            raise InputError(
                f'--det-onnx needs {error.name}, which is missing: '
                'pip install onnxruntime && pip install --no-deps rtmlib tqdm'
            ) from error
        reader = rtmlib.RTMDet if MARK_OF_RTMDET in path.read_bytes() else rtmlib.YOLOX
        try:
            with redirect_stdout(io.StringIO()):  # it tells that it loads
                self._reader = reader(str(path))
        except Exception as error:  # onnxruntime's errors have no common base
            raise InputError(
                f'{path} is not a model that onnxruntime reads: {first_line(error)}'
            ) from error
        self.path = path
        self.score_threshold = score_threshold
        self._reader.score_thr = score_threshold
        self._reader.model_input_size = self._input_size()
        # a file that is no detector is told before anything is written
        self(Frame(np.zeros((*self._reader.model_input_size, 3), np.uint8), path.name, 0))

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Detect the persons in one image, best score first."""
        try:
            picture, ratio = self._reader.preprocess(frame.image)
        except cv2.error:  # a side of less than a pixel
            return PersonBoxes.of([]), ['the picture is too narrow for the detector']
        corners, scores = self._persons(self._run(picture), ratio)
        kept = np.flatnonzero((scores >= self.score_threshold) & (scores > 0))
        kept = kept[np.argsort(-scores[kept], kind='stable')]
        corners, scores = corners[kept], scores[kept]
        # x1, y1, x2, y2 -> x, y, w, h
        boxes = np.concatenate([corners[:, :2], corners[:, 2:] - corners[:, :2]], axis=1)
        return PersonBoxes.of(boxes, scores), []

    def _persons(self, outputs: list[np.ndarray], ratio: float) -> tuple[np.ndarray, np.ndarray]:
        """Corners (N, 4) of the persons in pixels of the image, and scores (N,)."""
        if outputs[0].shape[-1] == 5:  # x1, y1, x2, y2, score
            found = outputs[0][0]
            for labels in outputs[1:]:
                found = found[labels[0] == PERSON_LABEL]
            return found[:, :4] / ratio, found[:, 4]
        raw = outputs[0][..., : PERSON_SCORE + 1].copy()  # the reader takes any class for a person
        corners = np.reshape(self._reader.postprocess(raw, ratio), (-1, 4))
        # in `raw` the reader has turned the boxes into x and y of the center, width and height
        centers, sizes = raw[0, :, :2], raw[0, :, 2:4]
        scores = raw[0, :, OBJECTNESS] * raw[0, :, PERSON_SCORE]
        best_first = np.argsort(-scores)
        first_corners = ((centers - sizes / 2) / ratio)[best_first]
        rows = [np.abs(first_corners - corner[:2]).sum(axis=1).argmin() for corner in corners]
        return corners, scores[best_first[rows]]

    def _run(self, picture: np.ndarray) -> list[np.ndarray]:
        """(h, w, 3) -> outputs of one of the two known kinds."""
        try:
            outputs = self._reader.inference(picture)
        except Exception as error:  # onnxruntime's errors have no common base
            raise InputError(f'{self.path} cannot be run: {first_line(error)}') from error
        shapes: list[tuple[int, ...]] = [getattr(output, 'shape', ()) for output in outputs]
        height, width = self._reader.model_input_size
        cells = sum((height // stride) * (width // stride) for stride in STRIDES)
        first, *others = shapes
        are_boxes = first[:1] == (1,) and first[2:] == (5,) and others in ([], [first[:2]])
        is_raw = first[:-1] == (1, cells) and first[-1] > PERSON_SCORE and not others
        if not are_boxes and not is_raw:
            raise self._no_detector(f'its outputs {shapes}')
        return outputs

    def _input_size(self) -> tuple[int, int]:
        """Height and width."""
        shapes: list[list[Any]] = [tensor.shape for tensor in self._reader.session.get_inputs()]
        if len(shapes) != 1 or len(shapes[0]) != 4:
            raise self._no_detector(f'its inputs {shapes}')
        height, width = (side if isinstance(side, int) else SIDE for side in shapes[0][2:])
        return height, width

    def _no_detector(self, found: str) -> InputError:
        return InputError(
            f'{self.path} is no person detector that rtmlib reads: {found} are not those of a '
            'YOLOX or RTMDet, which takes one picture (1, 3, H, W) and gives dets (1, N, 5) and '
            'labels (1, N), or of YOLOX (1, N, 5 + classes).'
        )
