# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The JSON file beside an exported model: what runs the model must know, and trusts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sdpose.errors import InputError
from sdpose.runtime.json_files import read_json, shown
from sdpose.runtime.person_boxes import numbers

LARGEST_INPUT = 2048  # pixels of a side; what is allocated depends on it
KERNELS = range(1, 100, 2)  # pixels of a heatmap; OpenCV takes odd ones


def _are_within(values: Any, count: int, low: float, high: float) -> bool:
    found = numbers(values, count)
    return found is not None and all(low <= value <= high for value in found)


def _is_size(size: Any) -> bool:
    return _are_within(size, 2, 1, LARGEST_INPUT) and all(value == int(value) for value in size)


def _are_names(names: Any) -> bool:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return False
    return len(set(names)) == len(names) > 0


def _is_skeleton(pairs: Any, card: dict) -> bool:
    keypoints = range(len(card['keypoint_names']))
    return isinstance(pairs, list) and all(
        isinstance(pair, list)
        and len(pair) == 2
        and all(type(end) is int and end in keypoints for end in pair)
        for pair in pairs
    )


Checks = dict[str, Callable[[Any, dict], bool]]  # by key: whether a value fits the file
# What runs a model needs of the file; later checks rely on earlier ones
CHECKS: Checks = {
    'input_name': lambda name, _: isinstance(name, str),
    'input_size': lambda size, _: _is_size(size),
    'mean': lambda mean, _: _are_within(mean, 3, -1e4, 1e4),
    'std': lambda std, _: _are_within(std, 3, 1e-3, 1e4),
    'box_padding': lambda padding, _: _are_within([padding], 1, 0.1, 10),
    'output_kind': lambda kind, _: kind in ('heatmap', 'decoded', 'regression'),
    'keypoint_names': lambda names, _: _are_names(names),
    'skeleton': _is_skeleton,
    'codec': lambda codec, _: isinstance(codec, dict),
    'bgr_to_rgb': lambda swap, _: isinstance(swap, bool),
    'use_udp': lambda udp, _: isinstance(udp, bool),
}
CODECS = ('MSRAHeatmap', 'UnrefinedHeatmap')
OF_MSRA_HEATMAP: Checks = {
    'unbiased': lambda unbiased, _: isinstance(unbiased, bool),
    'blur_kernel_size': lambda size, _: type(size) is int and size in KERNELS,
    'input_size': lambda size, card: size == card['input_size'],
}


def read_model_card(path: Path, model: Path) -> dict[str, Any]:
    """Read the description of a model.

    Args:
        path: The JSON file; docs/export.md says what is in it.
        model: The file that it describes, for messages.

    Raises:
        InputError: It is missing, is no description, or describes what cannot be run.
    """
    if not path.exists() and not path.is_symlink():
        raise InputError(
            f'{model} has no {path.name} beside it. tools/export_onnx.py writes both: copy both.'
        )
    card = read_json(path)
    _check(path, card, CHECKS, card)
    if card['use_udp']:
        raise InputError(f'{path} asks for crops by UDP, which this program does not make.')
    if card['output_kind'] == 'heatmap':
        codec = card['codec'].get('type')
        if codec not in CODECS:
            raise InputError(
                f'{path} has heatmaps of the codec {shown(codec)}; only {" and ".join(CODECS)} are '
                'known.'
            )
        _check(path, card['codec'], OF_MSRA_HEATMAP, card, 'codec.')
    return card


def _check(path: Path, values: Any, checks: Checks, card: dict, inside: str = '') -> None:
    for key, is_right in checks.items():
        if not isinstance(values, dict) or key not in values:
            raise InputError(f'{path} does not describe a model: it has no "{inside}{key}".')
        if not is_right(values[key], card):
            raise InputError(
                f'{path} does not describe a model: "{inside}{key}" cannot be {shown(values[key])}.'
            )
