# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""All that a data set reads in COCO's way: annotations, pictures, and detected boxes."""

from pathlib import Path

from sdpose.annotations.annotation_file import Use, check_annotations
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import by_id
from sdpose.annotations.pictures import picture_problems
from sdpose.annotations.report import FileReport
from sdpose.annotations.result_file import check_detections


def check_data_set(
    annotations: Path, pictures: Path, use: Use, detections: Path | None = None
) -> list[FileReport]:
    """Check every entry of a data set's files, and the pictures of the persons that it uses.

    Args:
        annotations: File in COCO's format.
        pictures: Their folder.
        use: What the annotations are used for.
        detections: File of boxes that are used instead of the annotated ones.

    Returns:
        What is found out about the annotations and about the detections, if there are some.

    Raises:
        InputError: A file is something else.
    """
    content = read_coco_json(annotations, 'file of annotations')
    reports = [check_annotations(annotations, content, use)]
    images = by_id(content['images'])
    del content  # gigabytes; those that read the next file need the room
    if detections:
        found = read_coco_json(detections, 'file of person boxes')
        reports.append(check_detections(detections, found, images))
    if not reports[0].problems:
        used = [images[number] for number in sorted(reports[-1].image_ids)]
        reports[0].problems += picture_problems(pictures, used)
    return reports
