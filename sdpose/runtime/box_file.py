# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes out of files in COCO's formats."""

from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame, ImageFiles
from sdpose.runtime.json_files import read_json
from sdpose.runtime.person_boxes import PersonBoxes, numbers

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
            kinds = _checked(path, content.get('categories') or [], 'categories', 'id')
            persons = [k['id'] for k in kinds if k.get('name') in (None, 'person')] or [PERSON]
            images = content.get('images')
        else:
            entries = _checked(path, content, 'detections', 'image_id', 'bbox', 'score')
            persons, images = [PERSON], []
        if image_names:
            images = read_json(image_names)
            images = images.get('images') if isinstance(images, dict) else images
        images = _checked(image_names or path, images, 'images', 'id', 'file_name')
        self._ids = {str(image['file_name']): image['id'] for image in images}
        self._ids_of_tails = _ids_of_tails(self._ids)
        self._entries: dict[str, list[dict]] = defaultdict(list)
        for entry in entries:
            score = numbers([entry.get('score', 1)], 1)
            is_sure = self.is_ground_truth or score is None or score[0] >= score_threshold
            if is_sure and entry.get('category_id', PERSON) in persons:
                self._entries[_key(entry['image_id'])].append(entry)

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Return the boxes of one image, and what is wrong with those that are no boxes at all."""
        boxes, scores, complaints = [], [], []
        for entry in self._entries.get(_key(self.image_id(frame.name)), []):
            box = numbers(entry['bbox'], 4)
            score = [1.0] if self.is_ground_truth else numbers([entry['score']], 1)
            if box is None:
                complaints.append(f'the box {entry["bbox"]!r} is not four numbers x,y,w,h')
            elif score is None:
                complaints.append(f'the score {entry["score"]!r} of the box {box} is not a number')
            else:
                boxes.append(box)
                scores += score
        persons = PersonBoxes.of(boxes, scores)
        if self.is_ground_truth:
            persons = PersonBoxes(_clip_as_mmpose(persons.boxes, frame.image), persons.scores)
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

    def pictures_in(self, folder: Path) -> ImageFiles | None:
        """Return all pictures that the file names, or ``None`` if it names none.

        Args:
            folder: Where they are; file names, or the ends of them, are relative to it.

        Raises:
            InputError: Not one of them is there.
        """
        if not self._ids:
            return None
        found = [next((t for t in _tails(n) if _is_file(folder / t)), None) for n in self._ids]
        if not any(found):
            raise InputError(
                f'None of the {len(found)} pictures of {self.path}, e.g. {next(iter(self._ids))}, '
                f'is in the folder {folder}. Give the folder that its file names begin in.'
            )
        # those that are not there are kept, to be reported
        return ImageFiles(
            folder, [tail or _tails(name)[0] for tail, name in zip(found, self._ids, strict=True)]
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # a name that is too long, or has a NUL in it
        return False


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
        if not isinstance(entry[keys[0]], int | str) and numbers([entry[keys[0]]], 1) is None:
            raise InputError(
                f'{path}: number {index} of its {what} has the {keys[0]} {entry[keys[0]]!r}, '
                'which is neither a number nor a text.'
            )
    return entries


def _key(image_id: Any) -> str:
    """The same for ``785``, ``785.0`` and ``'785'``, as programs write ids."""
    is_whole = isinstance(image_id, float) and image_id.is_integer()
    return str(int(image_id) if is_whole else image_id)


def _is_usable(annotation: dict) -> bool:
    """What MMPose's data sets take."""
    return not annotation.get('iscrowd') and annotation.get('num_keypoints') != 0


def _clip_as_mmpose(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(N, 4) -> (N, 4), x, y, w, h; corners cut to 0..width - 1 and 0..height - 1."""
    height, width = image.shape[:2]
    limit = np.array([width - 1, height - 1], dtype=np.float32)
    start = np.clip(boxes[:, :2], 0, limit)
    end = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.concatenate([start, end - start], axis=1)
