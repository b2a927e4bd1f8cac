# MPII: 16 keypoints, crops of 256x256 around the annotated centres; PCKh on val. Augmented as in
# PPT's repository: no half bodies, no shifts, rotation 30, which is 60 in the terms of MMPose 1.x.
_base_ = './coco_256x192.py'

dataset_type = 'MpiiDataset'
data_root = 'data/mpii/'

codec = dict(input_size=(256, 256), heatmap_size=(64, 64))

steps = dict(
    QuickRandomBBoxTransform=dict(shift_prob=0, rotate_factor=60.0, scale_factor=(0.75, 1.25)),
    TopdownAffine=dict(input_size=codec['input_size']),
    GenerateTarget=dict(encoder=dict(type='CoordinateTarget', input_size=codec['input_size'])),
)
train_pipeline = [
    dict(step, **steps.get(step['type'], {}))
    for step in _base_.train_pipeline
    if step['type'] != 'RandomHalfBody'
]
val_pipeline = [dict(step, **steps.get(step['type'], {})) for step in _base_.val_pipeline]

mpii = dict(type=dataset_type, data_root=data_root, data_prefix=dict(img='images/'))
train_dataloader = dict(
    dataset=dict(mpii, ann_file='annotations/mpii_train.json', pipeline=train_pipeline)
)
val_dataloader = dict(
    dataset=dict(
        mpii,
        ann_file='annotations/mpii_val.json',
        bbox_file=None,
        headbox_file=data_root + 'annotations/mpii_gt_val.mat',
        pipeline=val_pipeline,
    )
)
test_dataloader = val_dataloader

del steps, mpii

val_evaluator = dict(type='MpiiPCKAccuracy')
test_evaluator = val_evaluator
