# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The category of persons in a file: the names of their keypoints, in order, and their links."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sdpose.annotations.annotation_file import coco_lists, usual_count
from sdpose.annotations.entries import by_id, is_whole
from sdpose.annotations.keypoint_names import left_right_pairs
from sdpose.errors import InputError
from sdpose.runtime.json_files import shown


class Skeleton(NamedTuple):
    """What a category says of its keypoints.

    Attributes:
        names: Of the K keypoints.
        links: Pairs of indices from 0, which a line joins.
    """

    names: tuple[str, ...]
    links: tuple[tuple[int, int], ...]

    def pairs(self) -> list[tuple[int, int]]:
        """Indices (left, right) of keypoints that lie on both sides, by their names."""
        return left_right_pairs(self.names)


def is_link(pair: Any, count: int) -> bool:
    """Whether something is a pair of the numbers, from 1, of two of ``count`` keypoints."""
    is_pair = isinstance(pair, list | tuple) and len(pair) == 2 and pair[0] != pair[1]
    return is_pair and all(is_whole(end, 1) and end <= count for end in pair)


def only_category(path: Path, content: Any, name: str) -> dict[str, Any]:
    """Return what a file has of one category, and all images.

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
        entry for entry in lists['annotations']
        if not isinstance(entry, dict) or entry.get('category_id') in [*kinds]
    ]  # fmt: skip
    return dict(content, categories=[*kinds.values()], annotations=persons)


def read_skeleton(
    path: Path,
    content: Any,
    names: Sequence[str] | None = None,
    links: Sequence[Sequence[int]] | None = None,
) -> Skeleton:
    """Read the skeleton of the one kind that is annotated.

    Args:
        path: Of the file, for messages.
        content: Anything that JSON can hold.
        names: Instead of those of the category.
        links: Pairs of numbers from 1, instead of those of the category.

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
    pairs = (kind.get('skeleton') or ()) if links is None else links
    for pair in pairs if isinstance(pairs, list | tuple) else (pairs,):
        if not is_link(pair, len(found)):
            raise InputError(
                f'{where} has the link {shown(pair)}, which is no pair of two numbers from 1 to '
                f'{len(found)}: mend it, or give the links as --links 1-2 1-3 ..., or none by '
                '--links alone.'
            )
    return Skeleton(tuple(found), tuple((first - 1, second - 1) for first, second in pairs))
