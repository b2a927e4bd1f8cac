# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What is found out about a file of persons."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from sdpose.annotations.entries import Problem
from sdpose.errors import InputError


@dataclass
class FileReport:
    """What is wrong in a file of annotations, detections or predictions, and what is left out.

    Attributes:
        path: The file.
        kind: What it lists, e.g. ``persons``.
        total: How many of them.
        problems: One for each entry that is wrong, e.g. ``annotation 2 (id 102): it has no bbox``.
        unused: How many are left out of training or testing although nothing is wrong with them,
            by reason, e.g. ``without labelled keypoints``.
        image_ids: Of the images in which the others are.
    """

    path: Path
    kind: str
    total: int
    problems: list[Problem] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    image_ids: set[int] = field(default_factory=set)

    def need_some(self, hint: str = '') -> None:
        """Make it a problem if nothing is wrong, but nothing can be used either.

        Args:
            hint: How to mend it: a sentence without its full stop.
        """
        if not self.problems and not self.image_ids:
            found = f'none of its {self.total} {self.kind} can be used: {self._reasons()}'
            found = found if self.total else f'it has no {self.kind}'
            self.problems.append(Problem(f'{found}. {hint}' if hint else found, 'nobody to use'))

    def raise_first(self) -> None:
        """Raise the first problem, and tell how many others there are.

        Raises:
            InputError: There is one.
        """
        if self.problems:
            others = len(self.problems) - 1
            rest = f' {others} more {"entry is" if others == 1 else "entries are"} wrong.'
            raise InputError(f'{self.path}: {self.problems[0]}.{rest if others else ""}')

    def note(self) -> str | None:
        """Tell how many are left out and why, or ``None`` if none is."""
        if not self.unused:
            return None
        count = sum(self.unused.values())
        return (
            f'{self.path}: {count} of {self.total} {self.kind} {"is" if count == 1 else "are"} '
            f'not used: {self._reasons()}.'
        )

    def _reasons(self) -> str:
        return ', '.join(f'{count} {reason}' for reason, count in self.unused.most_common())


class Record(NamedTuple):
    """What is found, in words, and the annotation that shows it, if one does."""

    text: str
    person: dict[str, Any] | None = None

    @classmethod
    def of(cls, entry: dict[str, Any], text: str) -> 'Record':
        """Say something of an annotation."""
        words = f'annotation {entry["id"]} (image {entry["image_id"]}): {text}'
        return cls(words, entry if {'bbox', 'keypoints'} <= entry.keys() else None)


@dataclass
class Finding:
    """Everything of one kind that an audit finds.

    Attributes:
        kind: What it is.
        is_error: Training would refuse the data, or break.
        count: How often it is found.
        records: The worst, or all.
    """

    kind: str
    is_error: bool = False
    count: int = 0
    records: list[Record] = field(default_factory=list)

    @classmethod
    def whole_file(cls, kind: str) -> 'Finding':
        """Say something of all persons together."""
        return cls(kind, count=1, records=[Record('the whole file')])
