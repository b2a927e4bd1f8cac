# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""COCO's lists of results: detected boxes that poses are looked for in, and predicted poses."""

from collections.abc import Collection, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from sdpose.annotations.annotation_file import why_box_unused
from sdpose.annotations.entries import Problem, complaint, is_whole, problems_in
from sdpose.annotations.report import FileReport
from sdpose.errors import InputError
from sdpose.runtime.person_boxes import PERSON, are_numbers


def check_detections(path: Path, content: Any, images: dict[int, dict[str, Any]]) -> FileReport:
    """Check every entry of a list of detected boxes.

    Args:
        path: Of the file, for messages.
        content: What is in it.
        images: Those of the annotations, by their ids.

    Returns:
        What is wrong with it, and how many are of other categories, which MMPose leaves out.

    Raises:
        InputError: It is something else.
    """
    entries = _checked_list(path, content, 'detections')
    report = FileReport(path, 'detections', len(entries))
    find = partial(_detection_problems, image_ids=images)
    report.problems += problems_in('detection', entries, find, have_ids=False)
    if not report.problems:
        for entry in entries:
            if entry['category_id'] != PERSON:
                report.unused['of other categories than persons, 1'] += 1
                continue
            image = images[entry['image_id']]
            sizes: Any = [image.get('width'), image.get('height')]
            reason = why_box_unused(entry['bbox'][:4], *sizes) if are_numbers(sizes, 2) else None
            if reason:  # MMPose looks for somebody all the same
                report.unused[reason] += 1
            else:
                report.image_ids.add(entry['image_id'])
        report.need_some()
    return report


def check_predictions(
    path: Path,
    content: Any,
    image_ids: Collection[int],
    num_keypoints: int,
    hint: str = '',
    categories: Collection[int] | None = None,
) -> FileReport:
    """Check every entry of a list of predicted poses.

    Args:
        path: Of the file, for messages.
        content: What is in it.
        image_ids: Those of the annotations.
        num_keypoints: Of each pose.
        hint: What to add to the message where the number differs.
        categories: Ids of those of the annotations, where AP is computed; it reads the boxes too.

    Returns:
        What is wrong with it.

    Raises:
        InputError: It is something else.
    """
    entries = _checked_list(path, content, 'predictions')
    report = FileReport(path, 'predictions', len(entries))
    find = partial(_prediction_problems, image_ids, num_keypoints, hint, categories)
    report.problems += problems_in('prediction', entries, find, have_ids=False)
    if not report.problems:
        report.image_ids |= {entry['image_id'] for entry in entries}
        report.need_some()
    return report


def _checked_list(path: Path, content: Any, what: str) -> list[Any]:
    if not isinstance(content, list):
        raise InputError(f"{path} has no {what} in COCO's format: it is not a list.")
    return content


def _detection_problems(entry: dict[str, Any], image_ids: Collection[int]) -> Iterator[Problem]:
    if not are_numbers([entry.get('category_id')], 1):
        yield complaint(entry, 'category_id', 'a number')
    if entry['category_id'] != PERSON:
        return
    yield from _shared_problems(entry, image_ids)
    box = entry.get('bbox')
    if not isinstance(box, list) or not are_numbers(box[:4], 4):  # the score may follow
        yield complaint(entry, 'bbox', 'four finite numbers x, y, width, height')


def _prediction_problems(
    image_ids: Collection[int],
    num_keypoints: int,
    hint: str,
    categories: Collection[int] | None,
    entry: dict[str, Any],
) -> Iterator[Problem]:
    yield from _shared_problems(entry, image_ids)
    values = entry.get('keypoints')
    if not isinstance(values, list) or not are_numbers(values, len(values)):
        yield complaint(entry, 'keypoints', 'a list of finite numbers')
    elif len(values) != 3 * num_keypoints:
        yield Problem(
            f'it has {len(values) / 3:g} keypoints, not {num_keypoints}{hint}',
            'number of keypoints',
        )
    if categories is not None:
        category = entry.get('category_id')
        if not is_whole(category) or category not in categories:
            yield complaint(entry, 'category_id', 'the id of one of the categories')
        if 'bbox' in entry and not are_numbers(entry['bbox'], 4):
            yield complaint(entry, 'bbox', 'four finite numbers x, y, width, height')


def _shared_problems(entry: dict[str, Any], image_ids: Collection[int]) -> Iterator[Problem]:
    if not is_whole(entry.get('image_id')) or entry['image_id'] not in image_ids:
        yield complaint(entry, 'image_id', 'the id of one of the images of the annotations')
    if not are_numbers([entry.get('score')], 1):
        yield complaint(entry, 'score', 'a finite number')
