# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Build a config's model with the weights of a checkpoint."""

from typing import Any

from mmengine.config import Config
from mmpose.apis import init_model
from mmpose.datasets.datasets.utils import parse_pose_metainfo

from sdpose.checkpoints.fit import check_checkpoint_fits
from sdpose.checkpoints.safe_loading import load_checkpoint_file
from sdpose.errors import InputError, building


def load_trained_model(cfg: Config, checkpoint: str) -> Any:
    """Build a top-down model on the CPU for inference in a single cycle.

    Args:
        cfg: Config of the model. Its ``neck.test_cycles`` is not heeded.
        checkpoint: File with exactly the model's weights.

    Returns:
        The model in evaluation mode, with the ``dataset_meta`` of the checkpoint or else of the
        config's data set.

    Raises:
        InputError: The model cannot be built, is not top-down, or the checkpoint does not fit.
    """
    weights = load_checkpoint_file(checkpoint)
    with building(cfg.filename or 'The config'):
        model: Any = init_model(cfg, device='cpu')
    if getattr(getattr(model, 'head', None), 'decoder', None) is None:
        raise InputError(
            f'{cfg.filename} has no head with a decoder (codec): only top-down pose models can be '
            'exported.'
        )
    check_checkpoint_fits(model, weights, checkpoint)  # and loads it
    if hasattr(getattr(model, 'neck', None), 'test_cycles'):
        model.neck.test_cycles = 1
    recorded = weights.get('meta', {}).get('dataset_meta')
    if recorded:
        model.dataset_meta = recorded
    elif 'num_keypoints' not in model.dataset_meta:
        model.dataset_meta = parse_pose_metainfo(model.dataset_meta)
    return model.eval()
