# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Annotations of persons: every entry is what training and evaluation take it for."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from sdpose.annotations.entries import Problem, by_id, complaint, is_whole, problems_in, without
from sdpose.annotations.keypoint_order import order_problems
from sdpose.annotations.report import FileReport
from sdpose.annotations.use import Use
from sdpose.errors import InputError
from sdpose.runtime.json_files import shown
from sdpose.runtime.person_boxes import LARGEST, PERSON, are_numbers

VISIBILITIES = frozenset((0, 1, 2))  # not labelled; labelled but hidden; visible
LARGEST_AREA = LARGEST**2
INSTANCES = 'COCO keeps keypoints in person_keypoints_*.json, not in instances_*.json'


def check_annotations(path: Path, content: Any, use: Use) -> FileReport:
    """Check every entry of annotations in COCO's format.

    Persons who are left out in silence by MMPose's data sets are counted by reason.

    Args:
        path: Of the file, for messages.
        content: What is in it.
        use: What it is used for.

    Returns:
        What is wrong with it, and who is left out.

    Raises:
        InputError: It is something else.
    """
    return sort_annotations(path, content, use)[0]


def sort_annotations(
    path: Path, content: Any, use: Use
) -> tuple[FileReport, dict[int, dict], list[tuple[dict, str | None]]]:
    """Check as :func:`check_annotations`, and return as well what nothing is wrong with.

    Returns:
        The report; the images by their ids; and the annotations of these, each with the reason
        why it is not used, if it is not.
    """
    lists = coco_lists(path, content, use)
    images, categories = by_id(lists['images']), by_id(lists['categories'])
    annotations = lists['annotations']
    report = FileReport(path, 'persons', len(annotations))
    wrong_images = [*problems_in('image', lists['images'], partial(_image_problems, use=use))]
    report.problems += wrong_images
    of_persons = _categories_of_persons(categories, use)
    find = partial(_category_problems, persons=of_persons, use=use)
    report.problems += problems_in('category', lists['categories'], find)
    if use.num_keypoints is None:
        use = replace(use, num_keypoints=usual_count(annotations), hint=' as most have')
    find = partial(
        _annotation_problems, images=images, categories=categories, persons=of_persons, use=use
    )
    wrong = [*problems_in('annotation', annotations, find)]
    report.problems += wrong
    images = by_id(without(lists['images'], wrong_images))
    sound = [entry for entry in without(annotations, wrong) if entry['image_id'] in images]
    judged = [(entry, why_unused(entry, images[entry['image_id']])) for entry in sound]
    for entry, reason in judged:
        if reason:
            report.unused[reason] += 1
        else:
            report.image_ids.add(entry['image_id'])
    if use.labelled:
        no_keypoints = annotations and not any('keypoints' in entry for entry in sound)
        report.need_some(INSTANCES if no_keypoints else '')
    return report, images, judged


def coco_lists(path: Path, content: Any, use: Use = Use()) -> dict[str, list]:
    """Return the images, annotations and categories of a file, whatever they are.

    Raises:
        InputError: One of the lists is missing, or is none.
    """
    not_coco = f'{path} is not an annotation file in COCO format'
    if not isinstance(content, dict):
        raise InputError(f'{not_coco}: it is not an object with "images" and "annotations".')
    lists = {}
    for key in ('images', 'annotations', 'categories'):
        if key not in content and (use.labelled or key == 'images'):
            raise InputError(f'{not_coco}: it has no "{key}".')
        lists[key] = content.get(key, [])
        if not isinstance(lists[key], list):
            raise InputError(f'{not_coco}: its "{key}" is not a list.')
    return lists


def has_areas(annotations: list[Any]) -> bool:
    """Whether OKS can read the area of each person; it can take a part of the boxes' instead."""
    return all(
        isinstance(entry, dict)
        and are_numbers([entry.get('area')], 1, LARGEST_AREA)
        and (entry['area'] > 0 or not entry.get('num_keypoints', 1))
        for entry in annotations
    )


def usual_count(annotations: list[Any]) -> int | None:
    """Number of keypoints that most annotations with some have; the first of several such."""
    found = (entry.get('keypoints') for entry in annotations if isinstance(entry, dict))
    counts = Counter(len(values) // 3 for values in found if values and isinstance(values, list))
    return max(counts, key=counts.__getitem__, default=None)


def _image_problems(entry: dict[str, Any], use: Use) -> Iterator[Problem]:
    name = entry.get('file_name')
    if not isinstance(name, str) or not name:
        yield complaint(entry, 'file_name', 'the name of a picture')
    for key in ('width', 'height'):
        if not is_whole(entry.get(key), least=1):
            yield complaint(entry, key, 'a whole number of pixels from 1')
    if use.crowding and not are_numbers([entry.get('crowdIndex')], 1):
        yield complaint(entry, 'crowdIndex', 'a number')


def _category_problems(entry: dict[str, Any], persons: set[int], use: Use) -> Iterator[Problem]:
    if not isinstance(entry.get('name', ''), str):
        yield complaint(entry, 'name', 'a text')
    if use.names and entry['id'] in persons:
        yield from order_problems(entry.get('keypoints'), use.names, use.pairs)


def _categories_of_persons(categories: dict[int, dict[str, Any]], use: Use) -> set[int]:
    if use.detections:
        return {PERSON}
    named = {number for number, kind in categories.items() if kind.get('name') == 'person'}
    return named or set(categories)  # other data sets have animals, faces, clothes


def _annotation_problems(
    entry: dict[str, Any], images: dict, categories: dict, persons: set[int], use: Use
) -> Iterator[Problem]:
    """Yield what is wrong with an annotation; only the first is certain to make sense."""
    if not is_whole(entry.get('image_id')) or entry['image_id'] not in images:
        yield complaint(entry, 'image_id', 'the id of one of the images')
    category = entry.get('category_id')
    if not is_whole(category) or category not in categories:
        yield complaint(entry, 'category_id', 'the id of one of the categories')
    if category not in persons and (use.evaluated or 'keypoints' in entry):
        wanted = f'that of persons, {", ".join(map(str, sorted(persons)))}'
        yield complaint(entry, 'category_id', wanted)
    if ('bbox' in entry or use.evaluated) and not are_numbers(entry.get('bbox'), 4):
        yield complaint(entry, 'bbox', 'four finite numbers x, y, width, height')
    is_crowd = entry.get('iscrowd', 0)
    if is_crowd not in (0, 1):
        yield complaint(entry, 'iscrowd', '0 or 1')
    labelled = 0
    if 'keypoints' in entry or use.evaluated:
        yield from _keypoint_problems(entry, use)
        labelled = _count_labelled(entry)
    if 'num_keypoints' in entry or use.crowding:
        number, most = entry.get('num_keypoints'), len(entry.get('keypoints', ())) // 3
        if not is_whole(number):
            yield complaint(entry, 'num_keypoints', 'a whole number from 0')
        if number and not is_crowd and 'keypoints' in entry and (not labelled or number > most):
            yield Problem(
                f'its num_keypoints is {number}, but it has {labelled} labelled of {most}',
                'num_keypoints',
            )
    if 'area' in entry or use.area:
        area: Any = entry.get('area')
        if not are_numbers([area], 1, LARGEST_AREA) or area < 0:
            yield complaint(entry, 'area', 'a finite number of square pixels')
        if area == 0 and use.area and labelled and not is_crowd:
            yield Problem('its area is 0, so no prediction could ever be near enough', 'area')


def _keypoint_problems(entry: dict[str, Any], use: Use) -> Iterator[Problem]:
    values = entry.get('keypoints')
    if not isinstance(values, list) or len(values) % 3:
        yield complaint(entry, 'keypoints', 'a list of x, y, v of each keypoint')
        return
    if not are_numbers(values, len(values)):
        index = next(i for i, value in enumerate(values) if not are_numbers([value], 1))
        what = f'the {"xyv"[index % 3]} of its keypoint {index // 3}, {shown(values[index])}'
        yield Problem(f'{what}, is not a finite number', 'keypoints')
    if use.num_keypoints is not None and len(values) != 3 * use.num_keypoints:
        yield Problem(
            f'it has {len(values) // 3} keypoints, not {use.num_keypoints}{use.hint}',
            'number of keypoints',
        )
    if not VISIBILITIES.issuperset(values[2::3]):
        index = next(i for i, v in enumerate(values[2::3]) if v not in VISIBILITIES)
        yield Problem(
            f'the v of its keypoint {index}, {values[3 * index + 2]}, is not 0, 1 or 2',
            'visibility',
        )


def _count_labelled(entry: dict[str, Any]) -> int:
    return sum(visibility > 0 for visibility in entry['keypoints'][2::3])


def why_unused(entry: dict[str, Any], image: dict[str, Any]) -> str | None:
    """Why MMPose leaves an annotation out, or cannot learn from it; ``None`` for the others."""
    if 'keypoints' not in entry or not _count_labelled(entry):
        return 'without labelled keypoints'
    if entry.get('iscrowd'):
        return 'marked as a crowd'
    if entry.get('num_keypoints') == 0:
        return 'with num_keypoints 0, though some are labelled'
    if max(*entry['keypoints'][0::3], *entry['keypoints'][1::3]) <= 0:
        return 'with keypoints outside the picture'
    return why_box_unused(entry.get('bbox'), image['width'], image['height'])


def why_box_unused(box: list[float] | None, image_width: int, image_height: int) -> str | None:
    """Why nobody can be in a box, as the end of a sentence; ``None`` if somebody can."""
    if box is None:
        return 'without a box'
    x, y, width, height = box
    if width <= 0 or height <= 0:
        return 'with a box without width or height'
    for start, length, size in ((x, width, image_width), (y, height, image_height)):
        # MMPose cuts boxes at 0 and size - 1
        if min(max(start + length, 0), size - 1) <= min(max(start, 0), size - 1):
            return 'with a box outside the picture'
    return None
