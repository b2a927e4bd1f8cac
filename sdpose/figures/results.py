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

from sdpose.annotations.annotation_file import Use, check_annotations
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import by_id
from sdpose.annotations.result_file import check_predictions
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


def read_results(
    annotations: Path, images: Path, predictions: Path, metainfo: str, with_oks: bool = False
) -> Results:
    """Read predictions and their ground truth, and check every entry of both.

    Args:
        annotations: Ground truth in COCO's format.
        images: Folder of the images.
        predictions: In COCO's results format.
        metainfo: One of ``DATA_SETS``.
        with_oks: Whether the figure needs the OKS, which for COCO needs the persons' areas.

    Raises:
        InputError: A file is missing, broken, or has something else in it; an entry is wrong; or
            the files do not belong together.
    """
    info = parse_pose_metainfo(DATASETS.get(DATA_SETS[metainfo]).METAINFO)
    count, hint = info['num_keypoints'], ' (is --metainfo the right one?)'
    truth = read_coco_json(annotations, 'file of annotations')
    use = Use(count, hint, evaluated=True, area=with_oks and metainfo == 'coco')
    check_annotations(annotations, truth, use).raise_first()
    found = read_json(predictions)
    check_predictions(predictions, found, by_id(truth['images']), count, hint).raise_first()
    return Results(truth, found, images, info)


def keypoints_of(persons: list[dict[str, Any]], count: int) -> np.ndarray:
    """Return x, y and v or confidence (N, K, 3) of N annotations or predictions, K = ``count``."""
    values = [person['keypoints'] for person in persons]
    return np.array(values, dtype=float).reshape(-1, count, 3)


def confidence_scale() -> ScalarMappable:
    """Colours of confidences, for a colour bar."""
    colors = confidence_colors(np.linspace(0, 1, 256))[:, ::-1] / 255
    return ScalarMappable(cmap=ListedColormap(colors))
