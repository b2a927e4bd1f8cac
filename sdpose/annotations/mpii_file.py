# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""MPII as MMPose reads it: a list of persons, and the boxes of their heads in a ``.mat`` file."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from scipy.io import loadmat

from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import Problem, complaint, problems_in
from sdpose.annotations.report import FileReport
from sdpose.errors import InputError
from sdpose.runtime.person_boxes import are_numbers


def check_mpii(annotations: Path, pictures: Path, head_boxes: Path | None) -> None:
    """Check every person of a file like MMPose's ``mpii_train.json``.

    Args:
        annotations: The file.
        pictures: Folder of the pictures.
        head_boxes: ``mpii_gt_val.mat``, which PCKh is measured with; ``None`` for training.

    Raises:
        InputError: A person is wrong, has no picture or no head; or a file is something else.
    """
    persons = read_coco_json(annotations, 'file of annotations')
    if not isinstance(persons, list) or not persons:
        raise InputError(f"{annotations} is not a list of persons, as MMPose's mpii_train.json.")
    report = FileReport(annotations, 'persons', len(persons))
    find = partial(_problems, pictures=pictures)
    report.problems += problems_in('person', persons, find, have_ids=False)
    report.raise_first()
    if head_boxes and not _has_heads(head_boxes, len(persons)):
        raise InputError(
            f'{head_boxes} is not the mpii_gt_val.mat of {annotations}: its headboxes_src should '
            f'be 2 x 2 x {len(persons)} finite numbers, two corners of the head of each person.'
        )


def _problems(person: dict[str, Any], pictures: Path) -> Iterator[Problem]:
    image: Any = person.get('image')
    joints = person.get('joints')
    if not isinstance(image, str) or not image.partition('.')[0].isdecimal():
        yield complaint(person, 'image', 'the name of a picture that begins with its number')
    if not (pictures / image).is_file():
        yield Problem(f'there is no picture {pictures / image}', 'picture')
    for key, values, count in (
        ('center', person.get('center'), 2),
        ('scale', [person.get('scale')], 1),
        ('joints_vis', person.get('joints_vis'), 16),
    ):
        if not are_numbers(values, count):
            yield complaint(person, key, f'{count} finite number{"s" if count > 1 else ""}')
    if not isinstance(joints, list) or [are_numbers(joint, 2) for joint in joints] != [True] * 16:
        yield complaint(person, 'joints', '16 times x, y in finite numbers')


def _has_heads(path: Path, num_persons: int) -> bool:
    try:
        boxes = loadmat(path, variable_names=['headboxes_src'])['headboxes_src']
        return boxes.shape == (2, 2, num_persons) and bool(np.isfinite(boxes).all())
    except Exception:  # SciPy raises anything
        return False
