# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The poses of the persons in one image."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from sdpose.runtime.person_boxes import PersonBoxes

# MMPose's CocoMetric: keypoints with a lower score do not count for the score of the person
COUNTED_KEYPOINT_SCORE = 0.2


@dataclass(frozen=True)
class ImagePoses:
    """The poses of the N persons in one image, in the order of their boxes.

    Attributes:
        keypoints: (N, K, 2), float32: x, y in pixels of the image.
        keypoint_scores: (N, K), float32: the confidence of each, about 0..1.
        persons: Their boxes (N, 4) as x, y, width, height, and scores.
    """

    keypoints: np.ndarray
    keypoint_scores: np.ndarray
    persons: PersonBoxes

    @property
    def scores(self) -> np.ndarray:
        """(N,): box score x mean of the keypoint scores above 0.2, as MMPose's CocoMetric."""
        counted = self.keypoint_scores > COUNTED_KEYPOINT_SCORE
        total = np.where(counted, self.keypoint_scores, 0).sum(axis=1)
        return self.persons.scores * total / np.maximum(counted.sum(axis=1), 1)

    def to_coco(self, image_id: Any) -> list[dict]:
        """Return the poses in COCO's results format, which ``COCO.loadRes`` reads.

        Args:
            image_id: Of the image.

        Returns:
            For each person ``image_id``, ``category_id`` 1, ``keypoints`` [x, y, score] * K,
            ``score`` and ``bbox`` as x, y, width, height.
        """
        triples = np.concatenate([self.keypoints, self.keypoint_scores[..., None]], axis=-1)
        return [
            dict(
                image_id=image_id,
                category_id=1,
                keypoints=np.round(person.astype(float), 5).ravel().tolist(),
                score=round(float(score), 6),
                bbox=np.round(box.astype(float), 3).tolist(),
            )
            for person, score, box in zip(triples, self.scores, self.persons.boxes, strict=True)
        ]
