# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes out of files in COCO's formats, the same ones as ``tools/infer.py`` takes."""

from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from onnx_runtime.boxes import PersonBoxes
from onnx_runtime.errors import InputError, read_json
from onnx_runtime.images import ImageFile

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
        threshold: Leave out detections with a lower score.
        image_names: A JSON file whose ``images`` (or which itself) lists ``id`` and ``file_name``.

    Raises:
        InputError: A file is missing, broken or of another format.
    """

    def __init__(self, path: Path, threshold: float = 0.3, image_names: Path | None = None) -> None:
        self.path = path
        content = read_json(path)
        self.is_ground_truth = isinstance(content, dict)
        persons: set = {PERSON}
        images: Any = []
        if self.is_ground_truth:
            entries = _checked(path, content.get('annotations'), 'annotations', 'image_id', 'bbox')
            entries = [entry for entry in entries if _is_usable(entry)]
            persons, images = _person_categories(content), content.get('images')
        else:
            entries = _checked(path, content, 'detections', 'image_id', 'bbox', 'score')
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
                    self.is_ground_truth or entry['score'] >= threshold
                ):
                    self._entries[entry['image_id']].append(entry)
            except TypeError as error:
                raise InputError(
                    f'{path}: entry {index} is no box of a person: {error}.'
                ) from error

    def boxes_of(self, image_id: Any, image: np.ndarray) -> tuple[PersonBoxes, list[str]]:
        """Return the boxes of one image.

        Args:
            image_id: From :meth:`image_id`.
            image: (H, W, 3).

        Returns:
            The boxes, and what is wrong with those that are not four numbers.
        """
        boxes, scores, complaints = [], [], []
        for entry in self._entries.get(image_id, []):
            box = _four_numbers(entry['bbox'])
            if box is None:
                complaints.append(f'the box {entry["bbox"]!r} is not four numbers x,y,w,h')
            else:
                boxes.append(box)
                scores.append(1.0 if self.is_ground_truth else entry['score'])
        persons = PersonBoxes.of(boxes, scores)
        if self.is_ground_truth:
            persons = PersonBoxes(_clip_as_mmpose(persons.boxes, image), persons.scores)
        return persons, complaints

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

    def pictures_in(self, folder: Path) -> list[ImageFile] | None:
        """Return all pictures that the file names, or ``None`` if it names none.

        Args:
            folder: Where they are; file names, or the ends of them, are relative to it. Those that
                are not there are returned as well, to be reported.

        Raises:
            InputError: Not one of them is there.
        """
        if not self._ids:
            return None
        pictures = [_picture_in(folder, name) for name in self._ids]
        if not any(picture.path.is_file() for picture in pictures):
            raise InputError(
                f'None of the {len(pictures)} pictures of {self.path}, e.g. '
                f'{next(iter(self._ids))}, is in the folder {folder}. Give the folder that its '
                'file names begin in.'
            )
        return pictures


def _picture_in(folder: Path, name: str) -> ImageFile:
    # a name that leads out of the folder would also lead out of the output's folder
    tails = [t for t in _tails(name) if not t.startswith('/') and '..' not in t.split('/')]
    found = next((tail for tail in tails if (folder / tail).is_file()), None)
    shown = found or (tails[-1] if tails else 'unnamed')
    return ImageFile(folder / shown, shown)


def _tails(name: str) -> list[str]:
    """``a/b/c.jpg`` -> ``a/b/c.jpg``, ``b/c.jpg``, ``c.jpg``."""
    parts = PurePosixPath(name).parts
    return ['/'.join(parts[start:]) for start in range(len(parts))]


def _ids_of_tails(ids: dict[str, Any]) -> dict[str, Any]:
    """The id of every end of a path that is that of one picture only."""
    found = defaultdict(set)
    for name, image_id in ids.items():
        for tail in _tails(name):
            found[tail].add(image_id)
    return {tail: ids.pop() for tail, ids in found.items() if len(ids) == 1}


def _checked(path: Path, entries: Any, what: str, *keys: str) -> list[dict]:
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


def _four_numbers(values: Any) -> list[float] | None:
    try:
        box = [float(value) for value in values[:4]]
    except (TypeError, ValueError):
        return None
    return box if len(box) == 4 else None


def _clip_as_mmpose(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(N, 4) -> (N, 4), x, y, w, h; corners cut to 0..width - 1 and 0..height - 1."""
    height, width = image.shape[:2]
    limit = np.array([width - 1, height - 1], dtype=np.float32)
    start = np.clip(boxes[:, :2], 0, limit)
    end = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.concatenate([start, end - start], axis=1)
