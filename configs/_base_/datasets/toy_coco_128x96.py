# The toy set of tools/dataset/make_toy_coco.py, in COCO's format; person crops of 128x96.
_base_ = './coco_256x192.py'

data_root = 'data/toy_coco/'

codec = dict(
    type='MSRAHeatmap', input_size=(96, 128), heatmap_size=(24, 32), sigma=1.5, unbiased=True
)

train_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale', padding=1.1),
    dict(type='QuickRandomFlip', direction='horizontal'),
    dict(
        type='QuickRandomBBoxTransform',
        shift_factor=0.08,
        scale_factor=(0.85, 1.1),
        rotate_factor=20.0,
    ),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    # the head draws the heatmaps
    dict(
        type='GenerateTarget',
        encoder=dict(type='CoordinateTarget', input_size=codec['input_size']),
    ),
    dict(type='PackPoseInputs', meta_keys=_base_.train_meta_keys),
]
val_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale', padding=1.1),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

train_dataloader = dict(
    batch_size=16,
    num_workers=0,  # pictures this small are read faster than another process hands them over
    persistent_workers=False,
    dataset=dict(data_root=data_root, pipeline=train_pipeline),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    dataset=dict(data_root=data_root, bbox_file=None, pipeline=val_pipeline),
)
test_dataloader = val_dataloader
