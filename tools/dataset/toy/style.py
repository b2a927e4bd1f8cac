# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The two data sets that can be imitated: their keypoints, their crowding and their files."""

from __future__ import annotations

from dataclasses import dataclass

COCO_KEYPOINTS: tuple[str, ...] = (
    'nose',
    'left_eye',
    'right_eye',
    'left_ear',
    'right_ear',
    'left_shoulder',
    'right_shoulder',
    'left_elbow',
    'right_elbow',
    'left_wrist',
    'right_wrist',
    'left_hip',
    'right_hip',
    'left_knee',
    'right_knee',
    'left_ankle',
    'right_ankle',
)
CROWDPOSE_KEYPOINTS: tuple[str, ...] = (*COCO_KEYPOINTS[5:], 'top_head', 'neck')

_LIMB_LINKS: tuple[tuple[str, str], ...] = (
    ('left_ankle', 'left_knee'),
    ('left_knee', 'left_hip'),
    ('right_ankle', 'right_knee'),
    ('right_knee', 'right_hip'),
    ('left_hip', 'right_hip'),
    ('left_shoulder', 'left_hip'),
    ('right_shoulder', 'right_hip'),
    ('left_shoulder', 'right_shoulder'),
    ('left_shoulder', 'left_elbow'),
    ('right_shoulder', 'right_elbow'),
    ('left_elbow', 'left_wrist'),
    ('right_elbow', 'right_wrist'),
)
_FACE_LINKS: tuple[tuple[str, str], ...] = (
    ('left_eye', 'right_eye'),
    ('nose', 'left_eye'),
    ('nose', 'right_eye'),
    ('left_eye', 'left_ear'),
    ('right_eye', 'right_ear'),
    ('left_ear', 'left_shoulder'),
    ('right_ear', 'right_shoulder'),
)
_NECK_LINKS: tuple[tuple[str, str], ...] = (
    ('top_head', 'neck'),
    ('right_shoulder', 'neck'),
    ('left_shoulder', 'neck'),
)


@dataclass(frozen=True)
class Style:
    """What distinguishes one imitated data set from the other.

    Attributes:
        name: Name on the command line.
        keypoints: Keypoint names in the data set's order.
        links: Pairs of keypoint names that form the skeleton.
        person_counts: Possible numbers of persons in an image, evenly weighted.
        huddle: Whether the persons of an image are of one size and close together.
        distant_crowd_rate: Share of images with a far-off crowd marked ``iscrowd``.
        min_labelled_area: Persons whose visible area is smaller, in pixels, get no keypoints.
        counted_visibility: Least visibility that counts towards ``num_keypoints``.
        has_crowd_index: Whether images carry ``crowdIndex``.
        image_dirs: Image folder by split.
        annotation_files: Annotation file by split.
        detection_file: Person detections on the 'val' split.
    """

    name: str
    keypoints: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    person_counts: tuple[int, ...]
    huddle: bool
    distant_crowd_rate: float
    min_labelled_area: int
    counted_visibility: int
    has_crowd_index: bool
    image_dirs: dict[str, str]
    annotation_files: dict[str, str]
    detection_file: str


STYLES: dict[str, Style] = {
    'coco': Style(
        name='coco',
        keypoints=COCO_KEYPOINTS,
        links=_LIMB_LINKS + _FACE_LINKS,
        person_counts=(1, 1, 2, 2, 2, 3, 3, 4),
        huddle=False,
        distant_crowd_rate=0.05,
        # COCO labels no keypoints on its 'small' objects.
        min_labelled_area=32**2,
        counted_visibility=1,
        has_crowd_index=False,
        image_dirs={'train': 'train2017', 'val': 'val2017'},
        annotation_files={
            'train': 'annotations/person_keypoints_train2017.json',
            'val': 'annotations/person_keypoints_val2017.json',
        },
        detection_file='person_detection_results/COCO_val2017_detections_AP_H_56_person.json',
    ),
    'crowdpose': Style(
        name='crowdpose',
        keypoints=CROWDPOSE_KEYPOINTS,
        links=_LIMB_LINKS + _NECK_LINKS,
        person_counts=(2, 2, 3, 3, 4, 5, 6, 7),
        huddle=True,
        distant_crowd_rate=0.0,
        min_labelled_area=0,
        # CrowdPose counts the visible joints only; its evaluation in xtcocotools relies on that.
        counted_visibility=2,
        has_crowd_index=True,
        image_dirs={'train': 'images', 'val': 'images'},
        annotation_files={
            'train': 'annotations/mmpose_crowdpose_trainval.json',
            'val': 'annotations/mmpose_crowdpose_test.json',
        },
        detection_file='annotations/det_for_crowd_test_0.1_0.5.json',
    ),
}
