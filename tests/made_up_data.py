# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Data sets of two grey pictures with a person each, in the file formats of the real ones."""

import json

import cv2
import numpy as np
from scipy.io import savemat

NUM_IMAGES = 2
WIDTH, HEIGHT = 150, 200
UNLABELLED = 1  # this keypoint of everybody, in COCO's format


def points(count):
    """(count, 2) from the top left to the bottom right."""
    return np.linspace((20, 20), (120, 180), count)


def write_images(folder, names):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        cv2.imwrite(str(folder / name), np.full((HEIGHT, WIDTH, 3), 128, np.uint8))


def write_coco(annotations, images, count, **parts):
    """COCO's format, with ``count`` keypoints, and other lists of keypoints by their names."""
    names = [f'{number}.jpg' for number in range(NUM_IMAGES)]
    write_images(images, names)
    keypoints = np.concatenate([points(count), np.full((count, 1), 2)], axis=1)
    keypoints[UNLABELLED] = 0
    person = dict(category_id=1, iscrowd=0, bbox=[20, 20, 100, 160], area=9000, segmentation=[])
    person |= dict(keypoints=keypoints.flatten().tolist(), num_keypoints=count - 1, **parts)
    size = dict(width=WIDTH, height=HEIGHT)
    content = dict(
        images=[dict(size, id=number, file_name=name) for number, name in enumerate(names)],
        annotations=[dict(person, id=number, image_id=number) for number in range(NUM_IMAGES)],
        categories=[dict(id=1, name='person')],
    )
    annotations.parent.mkdir(parents=True, exist_ok=True)
    annotations.write_text(json.dumps(content))


def make_mpii(root):
    """A list of persons with 16 joints, and the boxes of their heads in a .mat file."""
    names = [f'00000000{number}.jpg' for number in range(NUM_IMAGES)]
    write_images(root / 'images', names)
    (root / 'annotations').mkdir()
    person = dict(center=[75, 100], scale=1.0, joints=points(16).tolist(), joints_vis=[1] * 16)
    text = json.dumps([dict(person, image=name) for name in names])
    for split in ('train', 'val'):
        (root / f'annotations/mpii_{split}.json').write_text(text)
    boxes = np.tile(np.array([[60.0, 20], [90, 60]])[..., None], (1, 1, NUM_IMAGES))
    savemat(root / 'annotations/mpii_gt_val.mat', dict(headboxes_src=boxes))


def make_aic(root):
    """AI Challenger: 14 keypoints; training only."""
    folder = 'ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902'
    write_coco(root / 'annotations/aic_train.json', root / folder, 14)


def make_halpe(root):
    """136 keypoints, of which the first 26 are the body and the feet."""
    for split, folder in dict(train='hico_20160224_det/images/train2015', val='val2017').items():
        write_coco(root / f'annotations/halpe_{split}_v1.json', root / folder, 136)


def make_wholebody(root):
    """COCO's annotations with four more lists: 133 keypoints."""
    lists = dict(foot_kpts=6, face_kpts=68, lefthand_kpts=21, righthand_kpts=21)
    parts = {name: [75, 100, 2] * count for name, count in lists.items()}
    parts |= {f'{part}_valid': True for part in ('foot', 'face', 'lefthand', 'righthand')}
    for split in ('train', 'val'):
        path = root / f'annotations/coco_wholebody_{split}_v1.0.json'
        write_coco(path, root / f'{split}2017', 17, **parts)
