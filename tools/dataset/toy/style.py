# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The data sets that can be imitated: their keypoints, their crowding and their files."""

from dataclasses import dataclass, replace

# Pairs of keypoint numbers, from 1, as in the files of COCO; and of CrowdPose's keypoints alike.
_COCO_SKELETON = [
    [16, 14], [14, 12], [17, 15], [15, 13], [12, 13], [6, 12], [7, 13], [6, 7], [6, 8], [7, 9],
    [8, 10], [9, 11], [2, 3], [1, 2], [1, 3], [2, 4], [3, 5], [4, 6], [5, 7],
]  # fmt: skip
_CROWDPOSE_SKELETON = [
    [11, 9], [9, 7], [12, 10], [10, 8], [7, 8], [1, 7], [2, 8], [1, 2], [1, 3], [2, 4], [3, 5],
    [4, 6], [13, 14], [2, 14], [1, 14],
]  # fmt: skip
_LIMBS = ('shoulder', 'elbow', 'wrist', 'hip', 'knee', 'ankle')


def _pairs(*joints: str) -> tuple[str, ...]:
    return tuple(f'{side}_{joint}' for joint in joints for side in ('left', 'right'))


@dataclass(frozen=True)
class Style:
    """What distinguishes one imitated data set from the others.

    Attributes:
        keypoints: Keypoint names in the data set's order.
        skeleton: Pairs of keypoint numbers, from 1, that a line joins.
        person_counts: Possible numbers of persons in an image, evenly weighted.
        huddle: Whether the persons of an image are of one size and close together.
        distant_crowd_rate: Share of images with a far-off crowd marked ``iscrowd``.
        min_labelled_area: Persons whose visible area is smaller, in pixels, get no keypoints.
        counted_visibility: Least visibility that counts towards ``num_keypoints``.
        has_crowd_index: Whether images carry ``crowdIndex``.
        image_dirs: Image folder by split.
        annotation_files: Annotation file by split.
        detection_file: Person detections on the 'val' split, if there are some.
    """

    keypoints: tuple[str, ...]
    skeleton: list[list[int]]
    person_counts: tuple[int, ...]
    huddle: bool
    distant_crowd_rate: float
    min_labelled_area: int
    counted_visibility: int
    has_crowd_index: bool
    image_dirs: dict[str, str]
    annotation_files: dict[str, str]
    detection_file: str | None


STYLES: dict[str, Style] = {
    'coco': Style(
        keypoints=('nose', *_pairs('eye', 'ear', *_LIMBS)),
        skeleton=_COCO_SKELETON,
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
        keypoints=(*_pairs(*_LIMBS), 'top_head', 'neck'),
        skeleton=_CROWDPOSE_SKELETON,
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
# Somebody's own people, with names for the ends of hands and feet that no other data set has.
STYLES['hands-and-feet'] = replace(
    STYLES['coco'],
    keypoints=(*STYLES['coco'].keypoints, *_pairs('hand', 'toe')),
    skeleton=[*_COCO_SKELETON, [10, 18], [11, 19], [16, 20], [17, 21]],
    image_dirs={'train': 'images/train', 'val': 'images/val'},
    annotation_files={'train': 'annotations/train.json', 'val': 'annotations/val.json'},
    detection_file=None,
)
