# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""An exported model and the JSON file beside it."""

from pathlib import Path

import numpy as np
import onnxruntime

from onnx_runtime.crop import CropRegion
from onnx_runtime.decode import decode_heatmaps
from onnx_runtime.errors import InputError, read_json

# What runs a model needs of its JSON file
CARD_KEYS = (
    *('input_name', 'input_size', 'bgr_to_rgb', 'mean', 'std', 'box_padding', 'use_udp'),
    *('output_kind', 'codec', 'keypoint_names', 'skeleton'),
)


class PoseModel:
    """Finds the keypoints of persons whose boxes are known.

    Args:
        path: An .onnx file of ``tools/export_onnx.py``, with its .json file beside it.
        threads: Of onnxruntime; 0 takes all cores.
        batch_size: Persons that run at once.

    Raises:
        InputError: A file is missing, is no ONNX model or not its description.
    """

    def __init__(self, path: Path, threads: int = 0, batch_size: int = 32) -> None:
        if not path.is_file():
            raise InputError(f'There is no model {path}.')
        self.path = path
        self.card = _read_card(path.with_suffix('.json'), path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime's errors have no common base
            reason = str(error).splitlines()[0]
            raise InputError(f'{path} is not a model that onnxruntime reads: {reason}') from error
        self.batch_size = batch_size
        width, height = self.card['input_size']
        self.input_size = (width, height)

    def __call__(self, image: np.ndarray, boxes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Find keypoints.

        Args:
            image: (H, W, 3), uint8, BGR as OpenCV reads it.
            boxes: (N, 4), each x, y, width, height in pixels.

        Returns:
            Keypoints (N, K, 2) in pixels of the image, and scores (N, K), float32.

        Raises:
            InputError: The model does not run, or gives something other than numbers.
        """
        padding = self.card['box_padding']
        regions = [CropRegion.around(box, padding, self.input_size) for box in boxes.tolist()]
        keypoints, scores = [], []
        for start in range(0, len(regions), self.batch_size):
            part = regions[start : start + self.batch_size]
            crops = self._normalized([region.cut(image, self.input_size) for region in part])
            for region, (of_person, score) in zip(part, self._run(crops), strict=True):
                keypoints.append(region.to_image(of_person, self.input_size))
                scores.append(score)
        num_keypoints = len(self.card['keypoint_names'])
        points = np.reshape(keypoints, (-1, num_keypoints, 2)).astype(np.float32)
        confidences = np.reshape(scores, (-1, num_keypoints)).astype(np.float32)
        self._check_finite(points, confidences)
        return points, confidences

    def _normalized(self, crops: list[np.ndarray]) -> np.ndarray:
        """(h, w, 3) each -> (B, 3, h, w), float32."""
        batch = np.stack(crops)
        if self.card['bgr_to_rgb']:
            batch = batch[..., ::-1]
        mean, std = (np.array(self.card[key], dtype=np.float32) for key in ('mean', 'std'))
        return np.ascontiguousarray(((batch - mean) / std).transpose(0, 3, 1, 2))

    def _run(self, crops: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        """(B, 3, h, w) -> keypoints (K, 2) in pixels of the crop and scores (K,) of each."""
        try:
            outputs = self.session.run(None, {self.card['input_name']: crops})
        except Exception as error:  # onnxruntime's errors have no common base
            reason = str(error).splitlines()[0]
            raise InputError(f'{self.path} cannot be run: {reason}') from error
        self._check_finite(*outputs)
        expected, found = len(self.card['keypoint_names']), outputs[0].shape[1]
        if found != expected:
            raise InputError(
                f'{self.path} gives {found} keypoints, but its .json file names {expected}.'
            )
        if self.card['output_kind'] == 'heatmap':
            return [decode_heatmaps(person, self.card['codec']) for person in outputs[0]]
        return list(zip(*outputs, strict=True))

    def _check_finite(self, *outputs: np.ndarray) -> None:
        if not all(np.isfinite(output).all() for output in outputs):
            raise InputError(
                f'The model predicts keypoints that are not numbers: the weights in {self.path} '
                'are broken, as after a training that diverged.'
            )


def _read_card(path: Path, model: Path) -> dict:
    if not path.is_file():
        raise InputError(
            f'{model} has no {path.name} beside it. tools/export_onnx.py writes both: copy both.'
        )
    card = read_json(path)
    missing = [key for key in CARD_KEYS if not isinstance(card, dict) or key not in card]
    if missing:
        raise InputError(f'{path} does not describe a model: it has no "{missing[0]}".')
    if card['use_udp']:
        raise InputError(f'{path} asks for crops by UDP, which this program does not make.')
    codec = card['codec']['type']
    if card['output_kind'] == 'heatmap' and codec != 'MSRAHeatmap':
        raise InputError(f'{path} has heatmaps of the codec {codec}; only MSRAHeatmap is known.')
    return card
