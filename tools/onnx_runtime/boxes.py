# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Person boxes from the command line or from a file in COCO's format."""

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from onnx_runtime.errors import InputError, read_json

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class PersonBox:
    """Where a person is.

    Attributes:
        box: x, y, width, height in pixels.
        score: Of the detector, 0..1; 1 where nobody detected it.
    """

    box: Box
    score: float = 1.0


def parse_box(text: str) -> PersonBox:
    """Read ``x,y,width,height``.

    Raises:
        InputError: It is not four numbers, or has no area.
    """
    try:
        return _person_box(text.split(','))
    except (ValueError, TypeError) as error:
        raise InputError(f'The box {text} is not x,y,width,height with an area.') from error


class BoxFile:
    """Boxes of many images.

    Args:
        path: COCO ground truth (``images``, ``annotations``), or a list of detections with
            ``image_id``, ``bbox`` and ``score``. Detections name no files: the id of an image is
            the number in its name, as 785 for ``000000000785.jpg``.
        threshold: Leave out boxes with a lower score.

    Raises:
        InputError: It is neither.
    """

    def __init__(self, path: Path, threshold: float = 0.0) -> None:
        content = read_json(path)
        is_ground_truth = isinstance(content, dict)
        entries = content.get('annotations') if is_ground_truth else content
        self._ids: dict[str, Any] = {}
        self._boxes: dict[Any, list[PersonBox]] = defaultdict(list)
        try:
            if is_ground_truth:
                self._ids = {Path(i['file_name']).name: i['id'] for i in content['images']}
            for entry in entries:
                person = _person_box(entry['bbox'], entry.get('score', 1.0))
                usable = not entry.get('iscrowd') and entry.get('category_id', 1) == 1
                if usable and person.score >= threshold:
                    self._boxes[entry['image_id']].append(person)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f'{path} has no person boxes in COCO format: neither ground truth nor a list of '
                f'detections ({type(error).__name__}: {error}).'
            ) from error

    def image_id(self, image: Path) -> Any:
        """Id of a picture, or ``None`` if the file does not know it."""
        if self._ids:
            return self._ids.get(image.name)
        return number_in_name(image)

    def __call__(self, image: Path) -> list[PersonBox]:
        """Boxes of a picture; none if the file does not know it."""
        return self._boxes.get(self.image_id(image), [])


def number_in_name(image: Path) -> int | None:
    """785 for ``000000000785.jpg``; ``None`` where the name is not a number."""
    return int(image.stem) if image.stem.isdecimal() else None


def _person_box(values: Any, score: float = 1.0) -> PersonBox:
    x, y, width, height = map(float, values)
    if not (width > 0 and height > 0):
        raise ValueError('a box without area')
    return PersonBox((x, y, width, height), float(score))
