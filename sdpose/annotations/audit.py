# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""All that is wrong with a data set in COCO's format, and what will hurt, counted by kind."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track

from sdpose.annotations.annotation_file import sort_annotations
from sdpose.annotations.category import Skeleton, is_link
from sdpose.annotations.coco_json import read_coco_json
from sdpose.annotations.entries import Problem, by_id
from sdpose.annotations.person_checks import PersonChecks
from sdpose.annotations.pictures import each_picture, look_at_picture
from sdpose.annotations.report import Finding, Record
from sdpose.annotations.use import Use
from sdpose.errors import InputError

NO_NAMES = 'keypoints without names that fit: their sides cannot be checked'


class Audit:
    """What is found in a data set.

    Args:
        path: The annotations, in COCO's format.
        folder: Their pictures; ``None`` looks at none.
        show: How many records to keep of each kind; 0 keeps all.
        other: Annotations and pictures of another split, to see whether they share pictures.

    Attributes:
        findings: Errors first.
        num_persons: In the file.
        images: In whose entries nothing is wrong, by their ids.
        skeletons: Of the persons that training uses, by category.

    Raises:
        InputError: A file is something else, a folder is missing, or the other split is broken.
    """

    def __init__(
        self,
        path: Path,
        folder: Path | None,
        show: int = 5,
        other: tuple[Path, Path] | None = None,
    ) -> None:
        for each in (folder, *(other or ())[1:]):
            if each is not None and not each.is_dir():
                raise InputError(f'There is no image folder {each}.')
        self._show = show
        self._found: dict[str, Finding] = {}
        self.skeletons: dict[int, Skeleton] = {}
        others = _known_pictures(*other) if other else {}
        content = read_coco_json(path, 'file of annotations')
        report, self.images, judged = sort_annotations(path, content, Use())
        self.num_persons = report.total
        for problem in report.problems:
            self._add(problem.kind, Record(problem), is_error=True)
        if folder is not None:
            self._check_pictures(folder, report.image_ids, others)
        of_persons = self._check_persons(judged, by_id(content['categories']))
        findings = [*self._found.values(), *of_persons]
        self.findings = sorted(findings, key=lambda finding: not finding.is_error)

    def count(self, is_error: bool) -> int:
        """How many errors, or warnings, there are."""
        return sum(each.count for each in self.findings if each.is_error == is_error)

    def _add(self, kind: str, record: Record, is_error: bool = False) -> None:
        finding = self._found.setdefault(kind, Finding(kind, is_error))
        finding.count += 1
        if not self._show or len(finding.records) < self._show:
            finding.records.append(record)

    def _check_pictures(self, folder: Path, used: set[int], others: dict[bytes, str]) -> None:
        first: dict[bytes, str] = {}
        for name, number, problem, digest in _look_at(folder, self.images):
            if problem:
                kind = problem.kind if number in used else f'{problem.kind}, of no used person'
                self._add(kind, Record(problem), number in used)
            if digest in first:
                self._add('picture twice in the file', Record(f'{name} is {first[digest]} again'))
            if digest in others:
                text = f'{name} is {others[digest]} of the other'
                self._add('picture shared with the other split', Record(text))
            if digest:
                first.setdefault(digest, name)

    def _check_persons(
        self, judged: list[tuple[dict, str | None]], categories: dict[int, dict]
    ) -> list[Finding]:
        for entry, reason in judged:
            if reason:
                self._add(f'unused person {reason}', Record.of(entry, 'not used'))
        used = [entry for entry, reason in judged if not reason]
        for number in {entry['category_id'] for entry in used}:
            count = len(used[0]['keypoints']) // 3
            self.skeletons[number] = self._skeleton(categories[number], count)
        if not used:
            return []
        names = {number: skeleton.names for number, skeleton in self.skeletons.items()}
        checks = PersonChecks(used, self.images, names, self._show)
        return [finding for finding in checks if finding.count]

    def _skeleton(self, category: dict[str, Any], count: int) -> Skeleton:
        """Names of the keypoints, else numbers; limbs, none where the skeleton is wrong."""
        said, names = f'category {category["id"]}', category.get('keypoints')
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            names = []
        if not len(names) == len(set(names)) == count:
            wrong = f'{said} has {len(set(names))} different names of {count} keypoints'
            self._add(NO_NAMES, Record(wrong))
            names = [f'keypoint {index}' for index in range(count)]
        links = category.get('skeleton')
        if not isinstance(links, list) or not all(is_link(link, count) for link in links):
            text = f'{said} has no list of links between two of 1 to {count}'
            self._add('keypoints without a skeleton that fits', Record(text))
            links = []
        return Skeleton(tuple(names), tuple((start - 1, end - 1) for start, end in links))


def _look_at(folder: Path, images: dict) -> Iterator[tuple[str, int, Problem | None, bytes]]:
    """Yield name and id of each picture, what is wrong with it, and a hash where it is a file."""
    looks = each_picture(look_at_picture, folder, images.values())
    bar, words = Console(stderr=True), f'Reading {folder}'
    shown = track(
        looks, words, len(images), console=bar, transient=True, disable=not bar.is_terminal
    )
    for (number, image), look in zip(images.items(), shown, strict=True):
        yield f'image {number} ({image["file_name"]})', number, *look


def _known_pictures(path: Path, folder: Path) -> dict[bytes, str]:
    """Name the pictures of a data set by their hashes."""
    content = read_coco_json(path, 'file of annotations')
    report, images, _ = sort_annotations(path, content, Use(labelled=False))
    report.raise_first()
    known = {}
    for name, _, problem, digest in _look_at(folder, images):
        if not digest:
            raise InputError(f'{path}: {problem}.')
        known[digest] = name
    return known
