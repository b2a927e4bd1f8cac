# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Inputs to check and to calibrate an exported model with: real person crops and random numbers."""

import io
from collections.abc import Sequence
from contextlib import redirect_stdout
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config
from mmengine.dataset import Compose, pseudo_collate
from mmpose.registry import DATASETS
from torch import Tensor

from sdpose.engine.data_checks import check_data
from sdpose.errors import InputError, blame_config
from sdpose.runtime.frames import open_frames, read_image

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
        cfg: With ``val_dataloader``.
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
    return _normalized(model, [dataset[int(pick)] for pick in picks])


def folder_crops(folder: Path, cfg: Config, model: Any, number: int) -> list[Tensor]:
    """Pictures of a folder, each taken as the crop of one person.

    Args:
        folder: With pictures; folders in it are not searched.
        cfg: Its test pipeline crops them.
        model: Its preprocessor normalizes them.
        number: How many, spread evenly over the names.

    Returns:
        Batches of up to 8, (B, 3, H, W).

    Raises:
        InputError: The folder is missing, has no pictures, or one is broken.
    """
    if not folder.is_dir():
        raise InputError(f'There is no folder {folder} with calibration images.')
    frames: Any = open_frames([str(folder)])
    pipeline = Compose(cfg.test_dataloader.dataset.pipeline)
    samples = []
    for pick in np.linspace(0, len(frames) - 1, min(number, len(frames))).astype(int):
        image = read_image(frames.root / frames.names[pick])
        height, width = image.shape[:2]
        box = np.array([[0, 0, width, height]], dtype=np.float32)
        score = np.ones(1, dtype=np.float32)
        samples.append(pipeline(dict(img=image, bbox=box, bbox_score=score, **model.dataset_meta)))
    return _normalized(model, samples)


def _normalized(model: Any, samples: Sequence[dict]) -> list[Tensor]:
    return [
        model.data_preprocessor(pseudo_collate(samples[start : start + BATCH_SIZE]))['inputs']
        for start in range(0, len(samples), BATCH_SIZE)
    ]
