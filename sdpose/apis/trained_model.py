# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Build a config's model with the weights of a checkpoint."""

from copy import deepcopy
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmengine.runner import CheckpointLoader
from mmpose.apis import init_model
from mmpose.apis.inference import dataset_meta_from_config

from sdpose.checkpoints.compatibility import load_strictly
from sdpose.errors import InputError, blame_config


def load_trained_model(cfg: Config, checkpoint: str | Path) -> Any:
    """Build a top-down model on the CPU, for inference.

    Args:
        cfg: Config of the model, with its ``test_dataloader``; it is not changed.
        checkpoint: File or address with exactly the model's weights.

    Returns:
        The model in evaluation mode; its ``dataset_meta`` is what MMPose knows of the keypoints of
        the config's data set: their names, skeleton, flip pairs.

    Raises:
        InputError: The config is no top-down model's, cannot be built, or the checkpoint does not
            fit.
    """
    name = cfg.filename or 'The config'
    if not cfg.get('model') or not cfg.get('test_dataloader'):
        raise InputError(f'{name} has no model and test_dataloader: it is no whole config.')
    if not cfg.test_dataloader.dataset.get('pipeline'):
        raise InputError(f'{name}: test_dataloader.dataset.pipeline is empty: it crops no persons.')
    if cfg.test_dataloader.dataset.get('data_mode', 'topdown') != 'topdown':
        raise InputError(f'{name} is no top-down model: it does not take boxes of persons.')
    weights = CheckpointLoader.load_checkpoint(str(checkpoint), 'cpu', logger='silent')
    with blame_config(name):
        model: Any = init_model(deepcopy(cfg), device='cpu')
    if getattr(getattr(model, 'head', None), 'decoder', None) is None:
        raise InputError(f'{name} has no head with a decoder (codec): it is no top-down model.')
    load_strictly(model, weights, str(checkpoint))
    model.dataset_meta = dataset_meta_from_config(cfg, 'test') or model.dataset_meta
    return model
