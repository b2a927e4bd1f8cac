# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes out of files in COCO's formats."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from sdpose.errors import InputError
from sdpose.runtime.frames import Frame, ImageFiles
from sdpose.runtime.json_files import read_json, shown
from sdpose.runtime.person_boxes import PERSON, PersonBoxes, numbers
from sdpose.runtime.picture_ids import LONGEST_NAME, PictureIds, id_key

NO_ID = 'without an image_id that a picture can have'
UNKNOWN = 'of an image that is not listed'
BROKEN = 'with a box, score or category_id that is not of numbers'


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

    Attributes:
        complaints: What is wrong with entries of which no picture is known, each the end of a
            sentence that begins with the file's name.

    Raises:
        InputError: A file is missing, broken, of another format, or has no box that can be used.
    """

    def __init__(
        self, path: str | Path, score_threshold: float = 0, image_names: str | Path | None = None
    ) -> None:
        self.path = path
        content = read_json(path)
        self.is_ground_truth = isinstance(content, dict)
        self._threshold = score_threshold
        if self.is_ground_truth:
            what, entries, images = 'annotations', content.get('annotations'), content.get('images')
            kinds = _records(path, content.get('categories') or [], 'categories', 'id')
            persons = [k['id'] for k in kinds if k.get('name') in (None, 'person')]
            persons = persons or [k['id'] for k in kinds]  # other data sets have animals, faces
        else:
            what, entries, images, persons = 'detections', content, [], []
        self._persons = persons or [PERSON]
        entries = _list(path, entries, what)
        if image_names:
            images = read_json(image_names)
            images = images.get('images') if isinstance(images, dict) else images
        images = _records(image_names or path, images, 'images', 'id', 'file_name')
        self._ids = PictureIds({image['file_name']: image['id'] for image in images})
        self._known = {id_key(image['id']) for image in images}
        if not len(images) == len(self._ids.names) == len(self._known):
            raise InputError(
                f'{image_names or path} has {len(images)} images, but {len(self._ids.names)} names '
                f'and {len(self._known)} ids of them: each needs one of its own.'
            )
        # by the keys of the pictures' ids
        self._boxes: dict[str, list[tuple[list[float], float]]] = defaultdict(list)
        self._broken: dict[str, list[str]] = defaultdict(list)
        left_out = self._sort(entries, any(isinstance(image['id'], str) for image in images))
        if not self._boxes:
            why = ', '.join(f'{len(which)} {reason}' for reason, which in left_out.items())
            raise InputError(
                f'{path} has no box that can be used. '
                f'It lists {len(entries)} {what}{": " if why else ""}{why}.'
            )
        told = (NO_ID, UNKNOWN) if self.is_ground_truth and not image_names else (NO_ID,)
        self.complaints = [
            f'{len(which)} of its {len(entries)} {what} {reason}, the first is number {which[0]}'
            for reason, which in left_out.items()
            if reason in told
        ]

    def _sort(self, entries: list, have_text_ids: bool) -> dict[str, list[int]]:
        """Put each entry to its picture; return the numbers of those left out, by reason."""
        left_out = defaultdict(list)
        pictures = self._known.copy()
        for number, value in enumerate(entries):
            entry = value if isinstance(value, dict) else {}
            if self.is_ground_truth:
                entry['score'] = 1
            key = id_key(entry.get('image_id'))
            if key is None or not (have_text_ids or key.lstrip('-').isdecimal()):
                left_out[NO_ID].append(number)
                continue
            self._known.add(key)
            reason = UNKNOWN if pictures and key not in pictures else self._why_unused(entry)
            wrong = '' if reason else self._what_is_wrong(entry)
            if wrong:
                reason = BROKEN
                self._broken[key].append(wrong)
            if reason:
                left_out[reason].append(number)
            else:
                self._boxes[key].append((entry['bbox'], entry['score']))
        return left_out

    def _why_unused(self, entry: dict) -> str:
        """Say why an entry is left out though nothing is wrong with it, or nothing."""
        category, score = entry.get('category_id', PERSON), numbers([entry.get('score')], 1)
        if category not in self._persons and numbers([category], 1):
            return f'of another category than {self._persons[0]} (person)'
        # as MMPose's data sets
        if self.is_ground_truth and (entry.get('iscrowd') or not _has_keypoints(entry)):
            return 'of a crowd or without labelled keypoints'
        if not self.is_ground_truth and score and score[0] < self._threshold:
            return f'with a score below {self._threshold:g}'
        return ''

    def _what_is_wrong(self, entry: dict) -> str:
        """Complain about an entry of a person, or say nothing."""
        category = entry.get('category_id', PERSON)
        box, score = numbers(entry.get('bbox'), 4), entry.get('score')
        if category not in self._persons:
            return f'the category_id {shown(category)} of a box is not a number'
        if box is None:
            return f'the box {shown(entry.get("bbox"))} is not four numbers x,y,w,h'
        if numbers([score], 1) is None:
            return f'the score {shown(score)} of the box {box} is not a number'
        return ''

    def __call__(self, frame: Frame) -> tuple[PersonBoxes, list[str]]:
        """Return the boxes of one image, and what is wrong with those that are no boxes at all."""
        key = id_key(self.image_id(frame.name)) or ''
        found = self._boxes.get(key, [])
        persons = PersonBoxes.of([box for box, _ in found], [score for _, score in found])
        if self.is_ground_truth:
            persons = PersonBoxes(_clip_as_mmpose(persons.boxes, frame.image), persons.scores)
        return persons, self._broken.get(key, [])

    def image_id(self, name: str) -> Any:
        """Find the id of a picture, see :meth:`PictureIds.of`."""
        return self._ids.of(name)

    def pictures_in(self, folder: Path) -> ImageFiles | None:
        """Return all pictures that the file names, or ``None`` if it names none.

        Args:
            folder: Where they are; file names, or the ends of them, are relative to it.

        Raises:
            InputError: Not one of them is there.
        """
        names = self._ids.names
        if not names:
            return None
        found = self._ids.names_in(folder)
        if not found:
            raise InputError(
                f'None of the {len(names)} pictures of {self.path}, e.g. {names[0]}, '
                f'is in the folder {folder}. Give the folder that its file names begin in.'
            )
        return ImageFiles(folder, found)

    def check_pictures(self, names: Sequence[str]) -> None:
        """Find out whether the boxes belong to some pictures at all.

        Args:
            names: Of the pictures.

        Raises:
            InputError: The file has no entry of any of them.
        """
        ids = map(self.image_id, names)
        if not any(id_key(image_id) in self._known for image_id in ids):
            image_id = self.image_id(names[0])
            raise InputError(
                f'{self.path} says of none of the {len(names)} pictures where its persons are: '
                f'the id of {names[0]} is {"not known" if image_id is None else image_id}, ids '
                f'in the file are e.g. {shown(next(iter(self._boxes)))}. For detections, '
                '--image-names says which picture has which id.'
            )


def _list(path: str | Path, entries: Any, what: str) -> list:
    if not isinstance(entries, list):
        raise InputError(
            f'{path} is no file of person boxes: neither COCO ground truth with "images" and '
            f'"annotations" nor a list of detections (it has no list of {what}).'
        )
    return entries


def _records(path: str | Path, entries: Any, what: str, *keys: str) -> list[dict]:
    """Check the images or categories, of which a wrong one would make many boxes wrong."""
    for index, entry in enumerate(_list(path, entries, what)):
        missing = [key for key in keys if not isinstance(entry, dict) or key not in entry]
        if missing:
            raise InputError(f'{path}: number {index} of its {what} has no "{missing[0]}".')
        name = entry.get('file_name', '')
        if id_key(entry['id']) is None or not isinstance(name, str) or len(name) > LONGEST_NAME:
            raise InputError(
                f'{path}: number {index} of its {what} has the id {shown(entry["id"])} and '
                f'the file_name {shown(name)}: the one must be a whole number or a text, '
                'the other a path.'
            )
    return entries


def _clip_as_mmpose(boxes: np.ndarray, image: np.ndarray) -> np.ndarray:
    """(N, 4) -> (N, 4), x, y, w, h; corners cut to 0..width - 1 and 0..height - 1."""
    height, width = image.shape[:2]
    limit = np.array([width - 1, height - 1], dtype=np.float32)
    start = np.clip(boxes[:, :2], 0, limit)
    end = np.clip(boxes[:, :2] + boxes[:, 2:], 0, limit)
    return np.concatenate([start, end - start], axis=1)


def _has_keypoints(person: dict) -> bool:
    """Whether an annotation has labelled keypoints; one that does not tell may have some."""
    keypoints = person.get('keypoints')
    if 'num_keypoints' in person or not isinstance(keypoints, list):
        return person.get('num_keypoints') != 0
    return any(keypoints[2::3])
