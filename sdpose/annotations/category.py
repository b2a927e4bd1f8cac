# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The category of persons in a file: the names of their keypoints, in order, and their links."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sdpose.annotations.annotation_file import coco_lists, usual_count
from sdpose.annotations.entries import by_id, is_whole
from sdpose.annotations.keypoint_names import left_right_pairs
from sdpose.errors import InputError
from sdpose.runtime.json_files import shown
from sdpose.runtime.person_boxes import PERSON


class Skeleton(NamedTuple):
    """What a category says of its keypoints.

    Attributes:
        names: Of the K keypoints.
        links: Pairs of indices from 0, which a line joins.
        sides: Pairs (left, right) of indices from 0 that the names do not tell.
    """

    names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]
    sides: tuple[tuple[int, int], ...] = ()

    def pairs(self) -> list[tuple[int, int]]:
        """Indices (left, right) of keypoints that lie on both sides."""
        return [*left_right_pairs(self.names), *self.sides]


def is_link(pair: Any, count: int) -> bool:
    """Whether something is a pair of the numbers, from 1, of two of ``count`` keypoints."""
    is_pair = isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] != pair[1]
    return is_pair and all(is_whole(end, 1) and end <= count for end in pair)


def only_category(path: Path, content: Any, name: str) -> dict[str, Any]:
    """Return what a file has of one category, and all images.

    The category gets the id of persons, which predictions and detections have.

    Args:
        path: Of the file, for messages.
        content: Anything that JSON can hold.
        name: Of the category.

    Raises:
        InputError: There is none of this name.
    """
    lists = coco_lists(path, content)
    kinds = {number: kind for number, kind in by_id(lists['categories']).items()
             if kind.get('name') == name}  # fmt: skip
    if not kinds:
        names = ', '.join(shown(kind.get('name')) for kind in by_id(lists['categories']).values())
        raise InputError(f'{path} has no category {name!r}, but {names or "none"}.')
    persons = [
        dict(entry, category_id=PERSON) if isinstance(entry, dict) else entry
        for entry in lists['annotations']
        if not isinstance(entry, dict) or entry.get('category_id') in [*kinds]
    ]
    category = dict(next(iter(kinds.values())), id=PERSON)
    return dict(content, categories=[category], annotations=persons)


def read_skeleton(
    path: Path,
    content: Any,
    names: Sequence[str] | None = None,
    links: Sequence[Sequence[int]] | None = None,
    sides: Sequence[Sequence[int]] = (),
) -> Skeleton:
    """Read the skeleton of the one kind that is annotated.

    Args:
        path: Of the file, for messages.
        content: Anything that JSON can hold.
        names: Instead of those of the category.
        links: Pairs of numbers from 1, instead of those of the category.
        sides: Pairs (left, right) of numbers from 1, beside those that the names tell.

    Raises:
        InputError: Several kinds are annotated, names are missing, or something is wrong in them.
    """
    lists = coco_lists(path, content)
    categories = by_id(lists['categories'])
    entries = [entry for entry in lists['annotations'] if isinstance(entry, dict)]
    used = [entry['category_id'] for entry in entries if is_whole(entry.get('category_id'))]
    kinds = [categories[number] for number in sorted({*used} & categories.keys())]
    if names is None and any(kind.get('keypoints') != kinds[0].get('keypoints') for kind in kinds):
        which = ', '.join(shown(kind.get('name')) for kind in kinds[:5])
        raise InputError(
            f'{path} has annotations of several categories, whose keypoints are not the same '
            f'({which}): choose one with --category.'
        )
    kind = kinds[0] if kinds else next(iter(categories.values()), {})
    where = f'{path}: its category {shown(kind.get("name"))}'
    found = kind.get('keypoints') if names is None else names
    if not found:
        raise InputError(
            f'{where} has no names of keypoints: give them in the order of the annotations, as '
            '--keypoints nose left_eye right_eye ...'
        )
    are_texts = isinstance(found, list | tuple) and all(isinstance(name, str) for name in found)
    if not are_texts or not all(name.strip() and name.isprintable() for name in found):
        raise InputError(f'{where} has the keypoints {shown(found)}, which are not all names.')
    if len(set(found)) < len(found):
        twice = next(name for name in found if list(found).count(name) > 1)
        raise InputError(f'{where} has two keypoints of the name {shown(twice)}.')
    count = usual_count(entries)
    if count not in (None, len(found)):
        raise InputError(f'{where} has {len(found)} names for {count} annotated keypoints.')
    lines = (kind.get('skeleton') or ()) if links is None else links
    mend = 'mend it, or give the links as --links 1-2 1-3 ..., or none by --links alone'
    skeleton = Skeleton(
        tuple(found),
        _from_0(lines, len(found), f'{where} has the link', mend),
        _from_0(sides, len(found), '--pairs has', 'give the left one and the right one'),
    )
    both = Counter(number for pair in skeleton.pairs() for number in pair)
    for number in (number for pair in skeleton.sides for number in pair if both[number] > 1):
        raise InputError(
            f'--pairs has {number + 1}, {found[number]}, which is in another pair, or whose side '
            'its name tells.'
        )
    return skeleton


def _from_0(pairs: Any, count: int, what: str, mend: str) -> tuple[tuple[int, int], ...]:
    """Check pairs of numbers from 1 to ``count``, and count from 0."""
    for pair in pairs if isinstance(pairs, list | tuple) else (pairs,):
        if not is_link(pair, count):
            raise InputError(
                f'{what} {shown(pair)}, which is no pair of two numbers from 1 to {count}: {mend}.'
            )
    return tuple((first - 1, second - 1) for first, second in pairs)
