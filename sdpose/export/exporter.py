# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The whole way from a checkpoint to a checked ONNX model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from mmengine.config import Config

from sdpose.apis.trained_model import load_trained_model
from sdpose.errors import InputError
from sdpose.export.crops import dataset_crops, random_inputs
from sdpose.export.deploy_model import DeployModel
from sdpose.export.model_card import model_card
from sdpose.export.onnx_graph import to_onnx, with_decoder
from sdpose.export.parity import Difference, compare
from sdpose.export.precision import to_fp16, to_int8
from sdpose.export.rtmlib_joint import check_crop, for_rtmlib

CHECKED_CROPS = 32


@dataclass(frozen=True)
class Exported:
    """An exported model.

    Attributes:
        graph: A serialized ONNX model.
        card: What a program must know to run it.
        differences: From PyTorch, one entry for each kind of inputs.
        notes: What could not be checked.
    """

    graph: bytes
    card: dict[str, Any]
    differences: list[Difference]
    notes: list[str]

    @property
    def relative_difference(self) -> float:
        """The largest difference from PyTorch as a share of the output's scale."""
        # NaN stays NaN, unlike with max()
        return float(np.max([difference.relative for difference in self.differences]))


def export(
    cfg: Config,
    checkpoint: str,
    decode: bool = False,
    precision: str = 'fp32',
    target: str | None = None,
) -> Exported:
    """Export a top-down model and compare the result with PyTorch.

    Args:
        cfg: Config of the model.
        checkpoint: Its weights.
        decode: Let the graph return keypoints and scores instead of heatmaps.
        precision: ``fp32``, ``fp16`` or ``int8``.
        target: ``rtmlib`` gives what rtmlib reads, and is compared before that is put around it.

    Returns:
        The model. It is compared on random inputs, and on crops of the validation set, if it is
        there.

    Raises:
        InputError: Config and checkpoint do not fit each other, or the target.
    """
    estimator = load_trained_model(cfg, checkpoint)
    if hasattr(getattr(estimator, 'neck', None), 'test_cycles'):
        estimator.neck.test_cycles = 1  # what is deployed, whatever the config says
    model = DeployModel(estimator, decode or target == 'rtmlib').eval()
    card = model_card(cfg, model, precision)
    if target == 'rtmlib':
        check_crop(card)
    graph = to_onnx(model)
    if precision == 'fp16':
        graph = to_fp16(graph)
    elif precision == 'int8':
        graph = to_int8(graph)

    if model.decoder:
        graph = with_decoder(graph, model.decoder)

    inputs = {'random inputs': random_inputs(model.input_size)}
    notes = []
    try:
        inputs['crops of the validation set'] = dataset_crops(cfg, estimator, CHECKED_CROPS)
    except InputError as error:
        notes.append(f'Only random inputs were compared, no real crops: {error}')
    differences = [compare(graph, model, name, batches) for name, batches in inputs.items()]
    if target == 'rtmlib':
        graph, card = for_rtmlib(graph, card)
    return Exported(graph, card, differences, notes)
