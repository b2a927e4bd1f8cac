# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Inputs to check an exported model with: real person crops and random numbers."""

import io
from contextlib import redirect_stdout
from copy import deepcopy
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from mmpose.registry import DATASETS
from torch import Tensor

from sdpose.engine.data_checks import check_data
from sdpose.errors import InputError, blame_config

BATCH_SIZE = 8


def random_inputs(input_size: tuple[int, int]) -> list[Tensor]:
    """Standard normal numbers in batches of different size.

    Args:
        input_size: Width and height in pixels.

    Returns:
        Batches (1, 3, H, W) and (3, 3, H, W), the same ones each time.
    """
    width, height = input_size
    generator = torch.Generator().manual_seed(0)
    return [torch.randn(batch, 3, height, width, generator=generator) for batch in (1, 3)]


def dataset_crops(cfg: Config, model: Any, number: int) -> list[Tensor]:
    """Crops of the annotated persons of the config's validation set.

    Args:
        cfg: With ``val_dataloader``; it is not changed.
        model: Its preprocessor normalizes them.
        number: How many, spread evenly over the data set.

    Returns:
        Batches of up to 8, (B, 3, H, W).

    Raises:
        InputError: The data set is missing, broken, or has no persons.
    """
    cfg = deepcopy(cfg)
    if 'val_dataloader' not in cfg:
        raise InputError(f'{cfg.filename} has no val_dataloader.')
    # boxes of a detector may be missing, those of the annotations are always there
    cfg.val_dataloader.dataset.bbox_file = None
    check_data(cfg, ['val'])
    # pycocotools prints how long it takes
    with blame_config(str(cfg.filename)), redirect_stdout(io.StringIO()):
        dataset = DATASETS.build(cfg.val_dataloader.dataset)
    if not len(dataset):
        raise InputError(f'The validation set of {cfg.filename} has no persons.')
    picks = np.linspace(0, len(dataset) - 1, min(number, len(dataset))).astype(int)
    samples = [dataset[int(pick)] for pick in picks]
    return [
        model.data_preprocessor(pseudo_collate(samples[start : start + BATCH_SIZE]))['inputs']
        for start in range(0, len(samples), BATCH_SIZE)
    ]
