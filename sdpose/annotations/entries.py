# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Entries of COCO's files: what their values must be, and how to say that one is not."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sdpose.runtime.json_files import shown

LARGEST_WHOLE = 2**63 - 1  # the evaluation keeps ids in arrays of int64


class Problem(str):
    """What is wrong with one thing, in words, and of which kind that is.

    Attributes:
        kind: In a word or two; many problems have it, e.g. ``annotation: bbox``.
        number: Place of an entry in its list; id of the image for pictures.
    """

    kind: str
    number: int

    def __new__(cls, text: str, kind: str, number: int = -1) -> 'Problem':
        """Make it of the end of a sentence."""
        problem = super().__new__(cls, text)
        problem.kind, problem.number = kind, number
        return problem


def is_whole(value: Any, least: int = 0) -> bool:
    """Whether a value is a whole number of at least ``least``, and no bool."""
    return type(value) is int and least <= value <= LARGEST_WHOLE


def complaint(entry: dict[str, Any], key: str, wanted: str) -> Problem:
    """Say that a value of an entry is missing, or is not what it must be."""
    if key not in entry:
        return Problem(f'it has no {key}', f'no {key}')
    return Problem(f'its {key} {shown(entry[key])} is not {wanted}', key)


def problems_in(
    kind: str,
    entries: Iterable[Any],
    problems_of: Callable[[dict[str, Any]], Iterator[Problem]],
    have_ids: bool = True,
) -> Iterator[Problem]:
    """Look at every entry of a list, and tell the first problem of each that has one.

    Args:
        kind: What an entry is, for the messages.
        entries: Anything that JSON can hold.
        problems_of: Yields what is wrong with one entry.
        have_ids: Each must have a whole number of its own as ``id``.

    Yields:
        E.g. ``annotation 2 (id 102): it has no bbox``; entries are counted from 0.
    """
    seen: dict[int, int] = {}

    def problem_of(index: int, entry: Any) -> Problem | None:
        if not isinstance(entry, dict):
            return Problem(f'{shown(entry)} is not an object with keys', 'no object')
        if have_ids:
            if not is_whole(entry.get('id')):
                return complaint(entry, 'id', 'a whole number from 0')
            first = seen.setdefault(entry['id'], index)
            if first != index:
                return Problem(f'{kind} {first} has the same id', 'same id')
        return next(problems_of(entry), None)

    for index, entry in enumerate(entries):
        problem = problem_of(index, entry)
        if problem is not None:
            has_id = isinstance(entry, dict) and 'id' in entry
            name = f' (id {shown(entry["id"])})' if has_id else ''
            yield Problem(f'{kind} {index}{name}: {problem}', f'{kind}: {problem.kind}', index)


def without(entries: Sequence[Any], problems: Iterable[Problem]) -> list[Any]:
    """Return the entries of a list in which no problem was found."""
    wrong = {problem.number for problem in problems}
    return [entry for index, entry in enumerate(entries) if index not in wrong]


def by_id(entries: Iterable[Any]) -> dict[int, dict[str, Any]]:
    """Return the entries that can be referred to."""
    return {
        entry['id']: entry
        for entry in entries
        if isinstance(entry, dict) and is_whole(entry.get('id'))
    }
