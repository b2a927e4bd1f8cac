# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What a program must know to run an exported model, as JSON beside it."""

import inspect
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.config import Config

from sdpose import __version__
from sdpose.errors import InputError
from sdpose.export.deploy_model import DeployModel
from sdpose.export.onnx_graph import INPUT_NAME

DEFAULT_PADDING = 1.25  # of MMPose's GetBBoxCenterScale


def model_card(cfg: Config, model: DeployModel, precision: str) -> dict[str, Any]:
    """Describe an exported model.

    Args:
        cfg: Config with the test pipeline.
        model: With ``dataset_meta`` on the pose estimator.
        precision: ``fp32``, ``fp16`` or ``int8``.

    Returns:
        A dict that JSON can hold; docs/export.md says what is in it.

    Raises:
        InputError: The test pipeline or the data set does not fit the model.
    """
    estimator = model.model
    normalization = estimator.data_preprocessor
    padding, use_udp = _crop(cfg)
    return dict(
        sdpose=__version__,
        config=Path(cfg.filename or '').stem,
        precision=precision,
        input_name=INPUT_NAME,
        input_size=list(model.input_size),
        bgr_to_rgb=bool(getattr(normalization, '_channel_conversion', False)),
        mean=_channels(normalization, 'mean', 0.0),
        std=_channels(normalization, 'std', 1.0),
        box_padding=padding,
        use_udp=use_udp,
        output_kind=model.kind,
        output_names=list(model.output_names),
        codec=_codec(estimator.head.decoder),
        **_keypoints(estimator),
    )


def _crop(cfg: Config) -> tuple[float, bool]:
    """The padding of the box, and whether UDP's variant of the crop is meant."""
    steps = {step['type']: step for step in cfg.test_dataloader.dataset.pipeline}
    missing = {'GetBBoxCenterScale', 'TopdownAffine'} - set(steps)
    if missing:
        raise InputError(
            f'The test pipeline of {cfg.filename} has no {" and no ".join(sorted(missing))}: '
            'only top-down models can be exported.'
        )
    padding = float(steps['GetBBoxCenterScale'].get('padding', DEFAULT_PADDING))
    return padding, bool(steps['TopdownAffine'].get('use_udp', False))


def _channels(normalization: Any, name: str, default: float) -> list[float]:
    values = getattr(normalization, name, None)
    if values is None:
        return [default] * 3
    # rounding undoes what float32 did to the config's numbers
    return [round(float(value), 5) for value in values.flatten()]


def _codec(codec: Any) -> dict[str, Any]:
    """Type and parameters, those that the config leaves at their defaults as well."""
    names = inspect.signature(type(codec).__init__).parameters
    parameters = {name: getattr(codec, name) for name in names if hasattr(codec, name)}
    return dict(type=type(codec).__name__, **{k: _plain(v) for k, v in parameters.items()})


def _keypoints(estimator: Any) -> dict[str, Any]:
    meta = estimator.dataset_meta
    names = [str(name) for _, name in sorted(meta['keypoint_id2name'].items())]
    head = estimator.head
    predicted = getattr(head, 'out_channels', None) or getattr(head, 'num_joints', len(names))
    if predicted != len(names):
        raise InputError(
            f'The model predicts {predicted} keypoints, but its data set '
            f'{meta.get("dataset_name")} has {len(names)}.'
        )
    return dict(
        keypoint_names=names,
        flip_indices=_plain(meta['flip_indices']),
        skeleton=_plain(meta['skeleton_links']),
        keypoint_colors=_plain(meta['keypoint_colors']),
        skeleton_colors=_plain(meta['skeleton_link_colors']),
    )


def _plain(value: Any) -> Any:
    """Tuples and arrays -> lists, numpy's numbers -> Python's."""
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value
