# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Predictions of a data set and their ground truth, for figures that show both."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap

from sdpose.annotations.annotation_file import check_annotations, has_areas
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import by_id
from sdpose.annotations.result_file import check_predictions
from sdpose.annotations.use import Use
from sdpose.engine.metainfo import read_metainfo
from sdpose.errors import InputError
from sdpose.runtime.drawing import confidence_colors
from sdpose.runtime.json_files import read_json


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

    @property
    def names(self) -> list[str]:
        """Of the keypoints."""
        return [self.metainfo['keypoint_id2name'][i] for i in range(self.metainfo['num_keypoints'])]

    @property
    def is_crowdpose(self) -> bool:
        """Whether the evaluation is that of CrowdPose."""
        return self.metainfo['dataset_name'] == 'crowdpose'

    @property
    def use_area(self) -> bool:
        """Whether the OKS reads the area of the annotations: all must have it, as for a test."""
        return not self.is_crowdpose and has_areas(self.truth['annotations'])


def read_results(
    annotations: Path,
    images: Path,
    predictions: Path,
    metainfo: str,
    with_ap: bool = False,
) -> Results:
    """Read predictions and their ground truth, and check every entry of both.

    Args:
        annotations: Ground truth in COCO's format.
        images: Folder of the images.
        predictions: In COCO's results format.
        metainfo: See :func:`sdpose.engine.metainfo.read_metainfo`.
        with_ap: Whether it needs what the evaluation reads.

    Raises:
        InputError: A file is missing, broken, or has something else in it; an entry is wrong; or
            the files do not belong together.
    """
    info = read_metainfo(metainfo)
    count, hint = info['num_keypoints'], ' (is --metainfo the right one?)'
    truth = read_coco_json(annotations, 'file of annotations')
    found = read_json(predictions)
    if isinstance(truth, list) and isinstance(found, dict):
        raise InputError(f'{annotations} has predictions and {predictions} annotations: swap them.')
    results = Results(truth, found, images, info)
    pairs = frozenset(enumerate(info['flip_indices']))
    use = Use(count, hint, tuple(results.names), pairs, evaluated=True)
    check_annotations(annotations, truth, use).raise_first()
    if with_ap and results.is_crowdpose:  # now that the metainfo is known to be the right one
        check_annotations(annotations, truth, replace(use, crowding=True)).raise_first()
    categories = by_id(truth['categories']) if with_ap else None
    images_by_id = by_id(truth['images'])
    check_predictions(predictions, found, images_by_id, count, hint, categories).raise_first()
    return results


def confidence_scale() -> ScalarMappable:
    """Colours of confidences, for a colour bar."""
    colors = confidence_colors(np.linspace(0, 1, 256))[:, ::-1] / 255
    return ScalarMappable(cmap=ListedColormap(colors))
