# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes out of files in COCO's formats."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from sdpose.apis.frames import Frame, ImageFiles
from sdpose.apis.person_boxes import PersonBoxes
from sdpose.errors import InputError
from sdpose.json_files import read_json

PERSON = 1  # COCO's category


class BoxFile:
    """The person boxes of many images.

    - *Ground truth*, an object with ``images`` and ``annotations``: as in MMPose's data sets,
      crowds and persons without labelled keypoints are left out, and boxes are cut at the image's
      border.
    - *Detections*, a list of ``image_id``, ``category_id``, ``bbox``, ``score``: persons only.

    Detections name no files. A picture's image id is then the number in its name, as in COCO
    (``000000000785.jpg`` is 785), or what ``image_names`` says.

    Args:
        path: A JSON file.
        score_threshold: Leave out detections with a lower score.
        image_names: A JSON file whose ``images`` (or which itself) lists ``id`` and ``file_name``,
            such as the ground truth of the detections.

    Raises:
        InputError: A file is missing, broken or of another format.
    """

    def __init__(
        self, path: str | Path, score_threshold: float = 0, image_names: str | Path | None = None
    ) -> None:
        self.path = path
        content = read_json(path)
        self.is_ground_truth = isinstance(content, dict)
        if self.is_ground_truth:
            entries = _checked(path, content.get('annotations'), 'annotations', 'image_id', 'bbox')
            entries = [entry for entry in entries if _is_usable(entry)]
            persons = _person_categories(content)
            images = content.get('images')
        else:
            entries = _checked(path, content, 'detections', 'image_id', 'bbox', 'score')
            persons, images = {PERSON}, []
        if image_names:
            images = read_json(image_names)
            images = images.get('images') if isinstance(images, dict) else images
        images = _checked(image_names or path, images, 'images', 'id', 'file_name')
        self._ids = {str(image['file_name']): image['id'] for image in images}
        self._ids_of_tails = _ids_of_tails(self._ids)
        self._entries: dict[Any, list[dict]] = defaultdict(list)
        for index, entry in enumerate(entries):
            try:
                if entry.get('category_id', PERSON) in persons and (
                    self.is_ground_truth or entry['score'] >= score_threshold
                ):
                    self._entries[entry['image_id']].append(entry)
            except TypeError as error:
                raise InputError(
                    f'{path}: entry {index} is no box of a person: {error}.'
                ) from error

    def __call__(self, frame: Frame) -> PersonBoxes:
        """Return the boxes of one image.

        Raises:
            InputError: A box is not four numbers.
        """
        image_id = self.image_id(frame.name)
        entries = self._entries.get(image_id, [])
        try:
            persons = PersonBoxes.of(
                [entry['bbox'][:4] for entry in entries],
                [entry['score'] for entry in entries] if not self.is_ground_truth else None,
            )
        except (InputError, TypeError) as error:
            raise InputError(f'{self.path}, image {image_id}: {error}') from error
        if not self.is_ground_truth:
            return persons
        return PersonBoxes(_clip_as_mmpose(persons.boxes, frame.image), persons.scores)

    def image_id(self, name: str) -> Any:
        """Find the id of a picture.

        Args:
            name: Its path. It fits where it ends with the file's ``file_name``, or the other way
                round.

        Returns:
            The id, or ``None`` if the file does not know the picture.
        """
        if not self._ids:
            stem = PurePosixPath(name).stem
            return int(stem) if stem.isdecimal() else None
        if name in self._ids_of_tails:
            return self._ids_of_tails[name]
        return next((self._ids[tail] for tail in _tails(name) if tail in self._ids), None)

    def pictures_in(self, folder: Path) -> ImageFiles | None:
        """Return all pictures that the file names, or ``None`` if it names none.

        Args:
            folder: Where they are; file names, or the ends of them, are relative to it.

        Raises:
            InputError: Not one of them is there.
        """
        if not self._ids:
            return None
        found = [next((t for t in _tails(n) if (folder / t).is_file()), None) for n in self._ids]
        if not any(found):
            raise InputError(
                f'None of the {len(found)} pictures of {self.path}, e.g. {next(iter(self._ids))}, '
                f'is in the folder {folder}. Give the folder that its file names begin in.'
            )
        # those that are not there are kept, to be reported
        return ImageFiles(
            folder, [tail or _tails(name)[0] for tail, name in zip(found, self._ids, strict=True)]
        )


def _tails(name: str) -> list[str]:
    """``/a/../b/c.jpg`` -> ``a/b/c.jpg``, ``b/c.jpg``, ``c.jpg``: never a way out of a folder."""
    parts = [part for part in PurePosixPath(name).parts if part not in ('/', '//', '..')] or ['_']
    return ['/'.join(parts[start:]) for start in range(len(parts))]


def _ids_of_tails(ids: dict[str, Any]) -> dict[str, Any]:
    """The id of every end of a path that is that of one picture only."""
    found = defaultdict(set)
    for name, image_id in ids.items():
        for tail in _tails(name):
            found[tail].add(image_id)
    return {tail: ids.pop() for tail, ids in found.items() if len(ids) == 1}


def _checked(path: str | Path, entries: Any, what: str, *keys: str) -> list[dict]:
    if not isinstance(entries, list):
        raise InputError(
            f'{path} is no file of person boxes: neither COCO ground truth with "images" and '
            f'"annotations" nor a list of detections (it has no list of {what}).'
        )
    for index, entry in enumerate(entries):
        missing = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if missing:
            raise InputError(f'{path}: number {index} of its {what} has no "{missing[0]}".')
    return entries


def _is_usable(annotation: dict) -> bool:
    """What MMPose's data sets take."""
    return not annotation.get('iscrowd') and annotation.get('num_keypoints') != 0


def _person_categories(content: dict) -> set:
    categories = content.get('categories') or []
    return {
        category['id'] for category in categories if category.get('name') in (None, 'person')
    } or {PERSON}


def _clip_as_mmpose(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(N, 4) -> (N, 4), x, y, w, h; corners cut to 0..width - 1 and 0..height - 1."""
    height, width = image.shape[:2]
    limit = np.array([width - 1, height - 1], dtype=np.float32)
    start = np.clip(boxes[:, :2], 0, limit)
    end = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.concatenate([start, end - start], axis=1)
