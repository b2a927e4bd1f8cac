# COCO with AI Challenger, whose limbs become COCO's keypoints: its persons have no labelled face.
_base_ = './coco_256x192.py'

aic_to_coco = [
    *((0, 6), (1, 8), (2, 10), (3, 5), (4, 7), (5, 9)),  # shoulders, elbows, wrists
    *((6, 12), (7, 14), (8, 16), (9, 11), (10, 13), (11, 15)),  # hips, knees, ankles
]
aic = dict(
    type='AicDataset',
    data_root='data/aic/',
    data_mode=_base_.data_mode,
    ann_file='annotations/aic_train.json',
    data_prefix=dict(img='ai_challenger_keypoint_train_20170902/keypoint_train_images_20170902/'),
    pipeline=[dict(type='KeypointConverter', num_keypoints=17, mapping=aic_to_coco)],
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='CombinedDataset',
        metainfo=dict(from_file='configs/_base_/datasets/coco.py'),  # MMPose's
        datasets=[dict(_base_.train_dataloader.dataset, pipeline=[]), aic],
        pipeline=_base_.train_pipeline,
    )
)
del aic, aic_to_coco
