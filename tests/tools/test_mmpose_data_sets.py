# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""MMPose's own data sets, whose annotations are not COCO's, train through our tools."""

import json

import cv2
import numpy as np
import pytest
from scipy.io import savemat

from conftest import call_tool, logged_records

NUM_IMAGES = 2
MMPOSE_CONFIGS = {
    'mpii': 'mmpose::body_2d_keypoint/topdown_heatmap/mpii/td-hm_res50_8xb64-210e_mpii-256x256.py',
    'wholebody': 'mmpose::wholebody_2d_keypoint/topdown_heatmap/coco-wholebody/'
    'td-hm_res50_8xb64-210e_coco-wholebody-256x192.py',
}
SMALL = (
    *('model.backbone.depth=18', 'model.backbone.init_cfg=None', 'model.head.in_channels=512'),
    *('train_cfg.max_epochs=1', 'train_cfg.val_interval=1', 'train_dataloader.batch_size=2'),
    *('train_dataloader.num_workers=0', 'train_dataloader.persistent_workers=False'),
    *('val_dataloader.num_workers=0', 'val_dataloader.persistent_workers=False'),
    'default_hooks.logger.interval=1',
)


def write_images(folder, names):
    folder.mkdir(parents=True)
    for name in names:
        cv2.imwrite(str(folder / name), np.full((200, 150, 3), 128, np.uint8))


def make_mpii(root):
    """A list of persons with 16 joints, and the boxes of their heads in a .mat file."""
    names = [f'00000000{number}.jpg' for number in range(NUM_IMAGES)]
    write_images(root / 'images', names)
    (root / 'annotations').mkdir()
    joints = np.linspace((20, 20), (120, 180), 16).tolist()
    person = dict(center=[75, 100], scale=1.0, joints=joints, joints_vis=[1] * 16)
    text = json.dumps([dict(person, image=name) for name in names])
    for split in ('train', 'val'):
        (root / f'annotations/mpii_{split}.json').write_text(text)
    boxes = np.tile(np.array([[60.0, 20], [90, 60]])[..., None], (1, 1, NUM_IMAGES))
    savemat(root / 'annotations/mpii_gt_val.mat', dict(headboxes_src=boxes))
    return ()


def make_wholebody(root):
    """COCO's annotations with four more lists: 133 keypoints."""
    annotations, images = [], []
    for number in range(NUM_IMAGES):
        lists = dict(keypoints=17, foot_kpts=6, face_kpts=68, lefthand_kpts=21, righthand_kpts=21)
        person = {name: [75, 100, 2] * count for name, count in lists.items()}
        person |= {f'{part}_valid': True for part in ('foot', 'face', 'lefthand', 'righthand')}
        person |= dict(
            id=number, image_id=number, category_id=1, iscrowd=0, num_keypoints=17,
            bbox=[20, 20, 100, 160], area=9000, segmentation=[],
        )  # fmt: skip
        annotations.append(person)
        images.append(dict(id=number, file_name=f'{number}.jpg', width=150, height=200))
    content = dict(images=images, annotations=annotations, categories=[dict(id=1, name='person')])
    (root / 'annotations').mkdir(parents=True)
    for split in ('train', 'val'):
        write_images(root / f'{split}2017', [image['file_name'] for image in images])
        path = root / f'annotations/coco_wholebody_{split}_v1.0.json'
        path.write_text(json.dumps(content))
    return ('val_dataloader.dataset.bbox_file=None', 'test_dataloader.dataset.bbox_file=None')


@pytest.mark.parametrize(
    ('name', 'make', 'metric'),
    [('mpii', make_mpii, 'PCK'), ('wholebody', make_wholebody, 'coco-wholebody/AP')],
)
def test_training_and_validation(name, make, metric, tmp_path):
    options = make(tmp_path / 'data')
    result = call_tool(
        'tools/train.py', MMPOSE_CONFIGS[name], '--data-root', tmp_path / 'data',
        '--work-dir', tmp_path / 'run', '--cfg-options', *SMALL, *options,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert (tmp_path / 'run/epoch_1.pth').is_file()
    records = logged_records(tmp_path / 'run')
    assert any(np.isfinite(record.get('loss', np.nan)) for record in records)
    assert any(metric in record for record in records)
