# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What may hurt in single persons although training takes them: boxes, keypoints, sides, copies."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from sdpose.annotations.keypoint_names import left_right_pairs
from sdpose.annotations.report import Finding, Record
from sdpose.annotations.swapped_sides import find_swaps

FAR = 0.25  # sides of the box; models see half as much around it
TWINS = 0.02  # sides of the box between the keypoints of what may be one person
MOST_NEIGHBOURS = 100  # of a picture's persons, from left to right, that each is compared with
NO_AREA = 'without area: COCO has no AP for medium and large then; evaluate with use_area=False'
SWAPPED = 'left and right look swapped in the whole file'


class PersonChecks:
    """Persons that training uses, with nothing wrong in their entries; iterating checks them.

    Args:
        persons: N annotations, at least one, all with K keypoints.
        images: Those of the file, by their ids.
        names: Of the K keypoints, by category.
        show: How many records to keep of each kind; 0 keeps all.
    """

    def __init__(
        self,
        persons: list[dict[str, Any]],
        images: dict[int, dict[str, Any]],
        names: dict[int, tuple[str, ...]],
        show: int,
    ) -> None:
        self._persons, self._names, self._show = persons, names, show
        points = np.array([person['keypoints'] for person in persons], np.float32)
        self._points = points.reshape(len(persons), -1, 3)  # (N, K, 3)
        self._labelled = self._points[..., 2] > 0
        self._boxes = np.array([person['bbox'] for person in persons], np.float32)
        pictures = [images[person['image_id']] for person in persons]
        sizes = [[picture['width'], picture['height']] for picture in pictures]
        self._sizes = np.array(sizes, np.float32)

    def __iter__(self) -> Iterator[Finding]:
        """Yield what is found; the count of some is 0."""
        yield from self._check_places()
        yield from self._check_values()
        yield self._find_twins()
        for same in dict.fromkeys(self._names.values()):
            if left_right_pairs(same):
                yield from self._check_sides(same)

    def _worst(self, kind: str, badness: np.ndarray, text: Callable[[int], str]) -> Finding:
        """Put the worst persons first; badness (N,) is 0 for those with whom nothing is wrong."""
        order = np.argsort(-badness, kind='stable')[: np.count_nonzero(badness)]
        records = [Record.of(self._persons[i], text(i)) for i in order[: self._show or None]]
        return Finding(kind, count=len(order), records=records)

    def _check_places(self) -> Iterator[Finding]:
        low, high = self._boxes[:, :2], self._boxes[:, :2] + self._boxes[:, 2:]
        beyond = np.maximum(-low, high - self._sizes).max(1)
        beyond[beyond <= 1] = 0  # by one pixel is how some count
        where = 'outside the picture'
        yield self._worst(f'box partly {where}', beyond, lambda i: f'by {beyond[i]:.3g} pixels')
        outside = self._outside(np.zeros_like(low), self._sizes)
        yield self._farthest(f'labelled keypoint {where}', outside, 'pixels')
        away = self._outside(low, high) / self._boxes[:, 2:].max(1).clip(min=1)[:, None]
        away[away <= FAR] = 0
        yield self._farthest('labelled keypoint far outside the box', away, 'of its longer side')

    def _outside(self, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """How far labelled keypoints (N, K) lie outside boxes of corners (N, 2); else 0."""
        spots = self._points[..., :2]
        distances = np.maximum(low[:, None] - spots, spots - high[:, None]).max(-1)
        return distances.clip(min=0) * self._labelled

    def _farthest(self, kind: str, distances: np.ndarray, unit: str) -> Finding:
        def text(i: int) -> str:
            name = self._names[self._persons[i]['category_id']][distances[i].argmax()]
            return f'{name} by {distances[i].max():.3g} {unit}'

        return self._worst(kind, distances.max(1), text)

    def _check_values(self) -> Iterator[Finding]:
        area = np.array([person.get('area', -1) for person in self._persons])
        yield self._worst(NO_AREA, 1 * (area < 0), lambda i: 'it has no area')
        useless = 'area of 0: no prediction is ever near enough'
        yield self._worst(useless, 1 * (area == 0), lambda i: 'its area is 0')
        counts = self._labelled.sum(1).tolist()
        given = zip(self._persons, counts, strict=True)
        said = [person.get('num_keypoints', count) for person, count in given]
        yield self._worst(
            'num_keypoints that disagrees',
            np.abs(np.subtract(said, counts)),
            lambda i: f'its num_keypoints is {said[i]}, but {counts[i]} are labelled',
        )
        for flag, meaning in enumerate(('not labelled', 'labelled, but hidden', 'visible')):
            if not (self._points[..., 2] == flag).any():
                yield Finding.whole_file(f'v = {flag} ({meaning}) never occurs')

    def _find_twins(self) -> Finding:
        """Find persons who are nearly equal to an earlier one in the same picture."""
        persons, spots, labelled = self._persons, self._points[..., :2], self._labelled
        likeness, twin = np.zeros(len(persons)), np.zeros(len(persons), int)
        image_ids = np.array([person['image_id'] for person in persons])
        counts, side = labelled.sum(1), np.sqrt(self._boxes[:, 2:].prod(1)).clip(min=1)
        order = np.lexsort(((spots[..., 0] * labelled).sum(1) / counts, image_ids))
        for step in range(1, min(len(order), MOST_NEIGHBOURS)):
            same = image_ids[order[:-step]] == image_ids[order[step:]]
            if not same.any():
                break
            first, second = np.sort([order[:-step][same], order[step:][same]], axis=0)
            common = labelled[first] & labelled[second]
            apart = (np.linalg.norm(spots[first] - spots[second], axis=-1) * common).sum(1)
            apart /= common.sum(1).clip(min=1) * TWINS * side[first]
            near = (apart < 1) & (2 * common.sum(1) >= np.maximum(counts[first], counts[second]))
            likeness[second[near]], twin[second[near]] = 1 - apart[near], first[near]
        return self._worst(
            'person that may be in the picture twice',
            likeness,
            lambda i: f'its keypoints are nearly those of annotation {persons[twin[i]]["id"]}',
        )

    def _check_sides(self, names: tuple[str, ...]) -> Iterator[Finding]:
        """Look for swapped sides in those persons whose keypoints have some names."""
        pairs = left_right_pairs(names)
        words = [f'{names[left]} and {names[right]}' for left, right in pairs]
        kinds = [number for number in self._names if self._names[number] == names]
        these = np.isin([person['category_id'] for person in self._persons], kinds)
        swaps = find_swaps(self._points[these], self._boxes[these], pairs)
        evidence, turned = np.zeros((len(these), len(pairs))), np.zeros(len(these))
        evidence[these], turned[these] = swaps.in_person, swaps.person
        yield self._worst(
            'left and right of a pair look swapped',
            evidence.max(1),
            lambda i: (
                f'{", ".join(words[p] for p in np.flatnonzero(evidence[i]))}, against the rest'
            ),
        )
        yield self._worst(
            'left and right of a person look swapped',
            turned,
            lambda i: 'from behind by the sides, from the front by what is labelled',
        )
        for pair in swaps.pairs:
            yield Finding.whole_file(f'{SWAPPED}: {words[pair]}, in most persons against the rest')
        if swaps.whole_file:
            yield Finding.whole_file(f'{SWAPPED}: most persons would be seen from behind')
