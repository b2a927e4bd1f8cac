# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""An exported model and the JSON file beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.crop import CropRegion
from sdpose.runtime.decode import decode_heatmaps
from sdpose.runtime.json_files import read_json
from sdpose.runtime.person_boxes import numbers
from sdpose.runtime.pose_model import PoseModel

CODEC_KEYS = {'unbiased', 'blur_kernel_size', 'input_size'}


def _is_skeleton(pairs: Any, card: dict) -> bool:
    keypoints = range(len(card['keypoint_names']))
    return isinstance(pairs, list) and all(
        isinstance(pair, list) and len(pair) == 2 and all(end in keypoints for end in pair)
        for pair in pairs
    )


def _is_codec(codec: Any, card: dict) -> bool:
    known = isinstance(codec, dict) and codec.get('type') == 'MSRAHeatmap'
    return isinstance(codec, dict) and (not known or set(codec) >= CODEC_KEYS)


# What runs a model needs of its JSON file; later checks rely on earlier ones
CHECKS: dict[str, Callable[[Any, dict], bool]] = {
    'input_name': lambda name, _: isinstance(name, str),
    'input_size': lambda size, _: min(numbers(size, 2) or [0]) >= 1,
    'mean': lambda mean, _: numbers(mean, 3) is not None,
    'std': lambda std, _: min(numbers(std, 3) or [0]) > 0,
    'box_padding': lambda padding, _: (numbers([padding], 1) or [0])[0] > 0,
    'output_kind': lambda kind, _: kind in ('heatmap', 'decoded', 'regression'),
    'keypoint_names': lambda names, _: isinstance(names, list) and len(names) > 0,
    'skeleton': _is_skeleton,
    'codec': _is_codec,
    'bgr_to_rgb': lambda swap, _: isinstance(swap, bool),
    'use_udp': lambda udp, _: isinstance(udp, bool),
}


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
        if not path.is_file():
            raise InputError(f'There is no model {path}.')
        if threads < 0:
            raise InputError(f'{threads} threads: the number must not be negative.')
        self.card = _read_card(path.with_suffix('.json'), path)
        super().__init__(path, self.card['keypoint_names'], self.card['skeleton'], batch_size)
        try:
            import onnxruntime  # noqa: PLC0415  only those who run a model need it
        except ImportError as error:
            raise InputError('onnxruntime is missing: pip install onnxruntime') from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        try:
            self.session = onnxruntime.InferenceSession(
                str(path), options, providers=['CPUExecutionProvider']
            )
        except Exception as error:  # onnxruntime's errors have no common base
            first_line = str(error).splitlines()[0]
            raise InputError(
                f'{path} is not a model that onnxruntime reads: {first_line}'
            ) from error
        width, height = map(int, self.card['input_size'])
        self.input_size = (width, height)
        kind, count = self.card['output_kind'], len(self.session.get_outputs())
        if count != (1 if kind == 'heatmap' else 2):
            raise InputError(f'{path} has {count} outputs, but its .json file says {kind}.')

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
            first_line = str(error).splitlines()[0]
            raise InputError(f'{self.weights} cannot be run: {first_line}') from error
        expected, found = len(self.keypoint_names), outputs[0].shape[1]
        if found != expected:
            raise InputError(
                f'{self.weights} gives {found} keypoints, but its .json file names {expected}.'
            )
        if self.card['output_kind'] != 'heatmap':
            return outputs[0], outputs[1]
        decoded = [decode_heatmaps(heatmaps, self.card['codec']) for heatmaps in outputs[0]]
        return [keypoints for keypoints, _ in decoded], [scores for _, scores in decoded]


def _read_card(path: Path, model: Path) -> dict:
    if not path.is_file():
        raise InputError(
            f'{model} has no {path.name} beside it. tools/export_onnx.py writes both: copy both.'
        )
    card = read_json(path)
    missing = [key for key in CHECKS if not isinstance(card, dict) or key not in card]
    if missing:
        raise InputError(f'{path} does not describe a model: it has no "{missing[0]}".')
    wrong = next((key for key, is_right in CHECKS.items() if not is_right(card[key], card)), None)
    if wrong:
        raise InputError(f'{path} does not describe a model: "{wrong}" cannot be {card[wrong]!r}.')
    if card['use_udp']:
        raise InputError(f'{path} asks for crops by UDP, which this program does not make.')
    if card['output_kind'] == 'heatmap' and card['codec'].get('type') != 'MSRAHeatmap':
        codec = card['codec'].get('type')
        raise InputError(f'{path} has heatmaps of the codec {codec}; only MSRAHeatmap is known.')
    return card
