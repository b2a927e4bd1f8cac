# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Predictions of a data set and their ground truth, for figures that show both."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap

import sdpose.plugin  # noqa: F401  lets MMPose import

# isort: split
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.registry import DATASETS

from sdpose.errors import InputError
from sdpose.runtime.drawing import confidence_colors
from sdpose.runtime.json_files import read_json

DATA_SETS = dict(coco='CocoDataset', crowdpose='CrowdPoseDataset')


class Results(NamedTuple):
    """Persons in COCO's format.

    Attributes:
        truth: Content of an annotation file.
        predictions: COCO results.
        images: Folder of the images.
        metainfo: What MMPose knows of the keypoints: names, skeleton, sigmas of the OKS.
    """

    truth: dict[str, Any]
    predictions: list[dict[str, Any]]
    images: Path
    metainfo: dict[str, Any]


def read_results(annotations: Path, images: Path, predictions: Path, metainfo: str) -> Results:
    """Read predictions and their ground truth.

    Args:
        annotations: Ground truth in COCO's format.
        images: Folder of the images.
        predictions: In COCO's results format.
        metainfo: One of ``DATA_SETS``.

    Raises:
        InputError: A file is missing, broken, or has something else in it.
    """
    truth, found = read_json(annotations), read_json(predictions)
    if not isinstance(truth, dict) or not {'images', 'annotations'} <= set(truth):
        raise InputError(f"{annotations} has no annotations in COCO's format.")
    if not isinstance(found, list) or not all(
        isinstance(person, dict) and 'image_id' in person for person in found
    ):
        raise InputError(f"{predictions} has no predictions in COCO's format.")
    info = parse_pose_metainfo(DATASETS.get(DATA_SETS[metainfo]).METAINFO)
    return Results(truth, found, images, info)


def keypoints_of(persons: list[dict[str, Any]], count: int) -> np.ndarray:
    """Return x, y and v or confidence (N, K, 3) of N annotations or predictions.

    Raises:
        InputError: They have not K = ``count`` keypoints.
    """
    values = [person.get('keypoints', ()) for person in persons]
    if any(len(of_person) != 3 * count for of_person in values):
        raise InputError(f'A person has not {count} keypoints: is --metainfo the right one?')
    return np.array(values, dtype=float).reshape(-1, count, 3)


def confidence_scale() -> ScalarMappable:
    """Colours of confidences, for a colour bar."""
    colors = confidence_colors(np.linspace(0, 1, 256))[:, ::-1] / 255
    return ScalarMappable(cmap=ListedColormap(colors))
