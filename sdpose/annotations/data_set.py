# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""All that a data set reads in COCO's way: annotations, pictures, and detected boxes."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

from sdpose.annotations.annotation_file import check_annotations
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import by_id
from sdpose.annotations.pictures import picture_problems
from sdpose.annotations.result_file import check_detections
from sdpose.annotations.use import Use
from sdpose.errors import InputError


def check_data_set(
    annotations: Path,
    pictures: Path,
    use: Use,
    detections: Path | None = None,
    truths: Collection[Path] = (),
    content: Any = None,
) -> str | None:
    """Check every entry of a data set's files, and the pictures of the persons that it uses.

    Args:
        annotations: File in COCO's format.
        pictures: Their folder.
        use: What the annotations are used for.
        detections: File of boxes that are used instead of the annotated ones.
        truths: Files that evaluation compares with instead of the annotations, if they are others.
        content: Of the annotations, where it has been read already.

    Returns:
        How many persons, or detections, are not used and why; ``None`` if all are.

    Raises:
        InputError: A file is something else, an entry or a picture is wrong, or a truth is that of
            other images.
    """
    read_only = replace(use, evaluated=False, area=False, crowding=False, labelled=not detections)
    content = content or read_coco_json(annotations, 'file of annotations')
    annotated = report = check_annotations(annotations, content, read_only if truths else use)
    report.raise_first()
    images = by_id(content['images'])
    del content  # gigabytes; those that read the next file need the room
    if detections:
        found = read_coco_json(detections, 'file of person boxes')
        report = check_detections(detections, found, images)
        report.raise_first()
    used = [images[number] for number in sorted(report.image_ids)]
    annotated.problems += picture_problems(pictures, used)
    annotated.raise_first()
    for truth in truths:
        content = read_coco_json(truth, 'file of annotations')
        check_annotations(truth, content, use).raise_first()
        _check_same_images(truth, by_id(content['images']), annotations, images)
    return report.note()


def _check_same_images(truth: Path, true: dict, annotations: Path, images: dict) -> None:
    """Predictions on other images than those that they are compared with have no meaning."""
    names, true_names = (
        {number: Path(image['file_name']).name for number, image in found.items()}
        for found in (images, true)
    )
    for number, name in sorted({*names.items()} ^ {*true_names.items()}):
        where, other = (annotations, truth) if names.get(number) == name else (truth, annotations)
        raise InputError(
            f'{where} has image {number}, {name}, but {other} has not: the ann_file of the '
            'evaluator must have the same images as that of the data set.'
        )
