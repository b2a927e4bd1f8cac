# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What annotations are used for, which says what they need."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Use:
    """What annotations are used for.

    Attributes:
        num_keypoints: Of each person; ``None`` takes any.
        hint: What to add to the message where the number differs.
        names: Of the keypoints, which a category may spell otherwise, but not order otherwise.
        pairs: Indices (left, right) of those that a mirror swaps.
        labelled: There must be persons; COCO's test-dev has images only.
        evaluated: ``CocoMetric`` compares with them: it reads the box and the keypoints of each.
        area: It also reads the area, to scale its distances.
        crowding: It also reads ``crowdIndex`` of images and ``num_keypoints`` of persons.
        detections: It compares with persons in detected boxes, whose category is 1.
    """

    num_keypoints: int | None = None
    hint: str = ''
    names: tuple[str, ...] = ()
    pairs: frozenset[tuple[int, int]] = frozenset()
    labelled: bool = True
    evaluated: bool = False
    area: bool = False
    crowding: bool = False
    detections: bool = False
