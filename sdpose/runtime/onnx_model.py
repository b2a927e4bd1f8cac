# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""An exported model and the JSON file beside it."""

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.crop import CropRegion
from sdpose.runtime.decode import decode_heatmaps
from sdpose.runtime.files import check_is_file
from sdpose.runtime.model_card import read_model_card
from sdpose.runtime.pose_model import PoseModel

THREADS_PER_CORE = 4  # at most; each costs memory, and more make nothing faster


class OnnxPoseModel(PoseModel):
    """A model that ``tools/export_onnx.py`` has exported, run by onnxruntime.

    Args:
        path: An .onnx file, with its .json file beside it.
        threads: Of onnxruntime; 0 takes all cores.
        batch_size: Persons that run at once.

    Raises:
        InputError: A file is missing, is no ONNX model or not its description.

    Example:
        >>> model = OnnxPoseModel('model.onnx')
        >>> (poses,) = model(['street.jpg'], [[[20, 30, 100, 240]]])
        >>> poses.keypoints.shape
        (1, 17, 2)
    """

    def __init__(self, path: str | Path, threads: int = 0, batch_size: int = 32) -> None:
        path = Path(path)
        check_is_file(path, 'model')
        most = THREADS_PER_CORE * (os.cpu_count() or 1)
        if not 0 <= threads <= most:
            raise InputError(
                f'{threads} threads: on this machine it must be 1 to {most}, or 0 for all cores.'
            )
        self.card = read_model_card(path.with_suffix('.json'), path)
        super().__init__(path, self.card['keypoint_names'], self.card['skeleton'], batch_size)
        try:
            import onnxruntime  # noqa: PLC0415  only those who run a model need it
        except ImportError as error:
            raise InputError('onnxruntime is missing: pip install onnxruntime') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 4  # errors are raised, which is enough
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime's errors have no common base
            raise InputError(
                f'{path} is not a model that onnxruntime reads: {first_line(error)}'
            ) from error
        width, height = map(int, self.card['input_size'])
        self.input_size = (width, height)
        # a file that does not fit the model is told before anything is written
        self._run(np.zeros((1, 3, height, width), dtype=np.float32))

    def predict(
        self, crops: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Find the keypoints of some persons, see :meth:`PoseModel.predict`."""
        padding = self.card['box_padding']
        regions = [CropRegion.around(box.tolist(), padding, self.input_size) for _, box in crops]
        inputs = self._normalized(
            [
                region.cut(image, self.input_size)
                for region, (image, _) in zip(regions, crops, strict=True)
            ]
        )
        keypoints, scores = self._run(inputs)
        placed = [
            region.to_image(of_person, self.input_size)
            for region, of_person in zip(regions, keypoints, strict=True)
        ]
        return np.stack(placed), np.stack(list(scores))

    def _normalized(self, crops: list[np.ndarray]) -> np.ndarray:
        """(h, w, 3) each -> (B, 3, h, w), float32."""
        batch = np.stack(crops)
        if self.card['bgr_to_rgb']:
            batch = batch[..., ::-1]
        mean, std = (np.array(self.card[key], dtype=np.float32) for key in ('mean', 'std'))
        return np.ascontiguousarray(((batch - mean) / std).transpose(0, 3, 1, 2))

    def _run(self, inputs: np.ndarray) -> tuple[Sequence[np.ndarray], Sequence[np.ndarray]]:
        """(B, 3, h, w) -> keypoints (B, K, 2) in pixels of the crop, and scores (B, K)."""
        try:
            outputs = self.session.run(None, {self.card['input_name']: inputs})
        except Exception as error:  # onnxruntime's errors have no common base
            raise InputError(f'{self.weights} cannot be run: {first_line(error)}') from error
        kind, keypoints = self.card['output_kind'], (len(inputs), len(self.keypoint_names))
        found = [(str(getattr(o, 'dtype', '')), *getattr(o, 'shape', ())) for o in outputs]
        expected = [('float32', *keypoints, 2), ('float32', *keypoints)]
        if kind == 'heatmap':
            expected = [('float32', *keypoints, *found[0][3:])] if len(found[0]) == 5 else []
        if found != expected or 0 in found[0]:
            raise InputError(
                f'{self.weights} gives {found}, but its .json file says {kind} of '
                f'{keypoints[1]} keypoints.'
            )
        if kind != 'heatmap':
            return outputs[0], outputs[1]
        decoded = [decode_heatmaps(heatmaps, self.card['codec']) for heatmaps in outputs[0]]
        return [keypoints for keypoints, _ in decoded], [scores for _, scores in decoded]


def first_line(error: Exception) -> str:
    """What onnxruntime says went wrong, without the C++ stack below it."""
    return str(error).partition('\n')[0] or type(error).__name__
