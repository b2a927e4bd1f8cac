# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import numpy as np

from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.person_boxes import PersonBoxes


def test_coco_results():
    keypoints = np.array([[[1, 2], [3, 4], [5.25, 6]]], np.float32)
    scores = np.array([[0.5, 0.1, 0.75]], np.float32)
    poses = ImagePoses(keypoints, scores, PersonBoxes.of([[0, 1, 2, 3.5]], [0.5]))
    (person,) = poses.to_coco(42)
    assert person == dict(
        image_id=42,
        category_id=1,
        keypoints=[1, 2, 0.5, 3, 4, 0.1, 5.25, 6, 0.75],
        score=0.3125,  # 0.5 * (0.5 + 0.75) / 2: the keypoint at 0.1 does not count
        bbox=[0, 1, 2, 3.5],
    )
    unsure = ImagePoses(keypoints, scores * 0.1, PersonBoxes.of([[0, 1, 2, 3.5]]))
    assert unsure.scores.tolist() == [0]
