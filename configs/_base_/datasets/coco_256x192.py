# COCO keypoints, top-down, person crops of 256x192.
dataset_type = 'CocoDataset'
data_mode = 'topdown'
data_root = 'data/coco/'

codec = dict(
    type='MSRAHeatmap', input_size=(192, 256), heatmap_size=(48, 64), sigma=2, unbiased=True
)

# MMPose's but for raw_ann_info, outlines and all, which only an evaluator without a file reads
train_meta_keys = (
    *('id', 'img_id', 'img_path', 'category_id', 'crowd_index', 'ori_shape', 'img_shape'),
    *('input_size', 'input_center', 'input_scale', 'flip', 'flip_direction', 'flip_indices'),
    'dataset_name',
)
train_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='QuickRandomFlip', direction='horizontal'),
    dict(type='RandomHalfBody'),
    # angles between -90 and 90 degrees: TokenPose's rotation of 45 in the terms of MMPose 1.x
    dict(type='QuickRandomBBoxTransform', rotate_factor=90.0, scale_factor=(0.65, 1.35)),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    # the head draws the heatmaps
    dict(
        type='GenerateTarget',
        encoder=dict(type='CoordinateTarget', input_size=codec['input_size']),
    ),
    dict(type='PackPoseInputs', meta_keys=train_meta_keys),
]
val_pipeline = [
    dict(type='LoadImageOnce'),
    dict(type='GetBBoxCenterScale'),
    dict(type='TopdownAffine', input_size=codec['input_size']),
    dict(type='PackPoseInputs'),
]

train_dataloader = dict(
    batch_size=64,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_train2017.json',
        data_prefix=dict(img='train2017/'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=32,
    num_workers=4,
    persistent_workers=True,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_mode=data_mode,
        ann_file='annotations/person_keypoints_val2017.json',
        bbox_file=data_root
        + 'person_detection_results/COCO_val2017_detections_AP_H_56_person.json',
        data_prefix=dict(img='val2017/'),
        test_mode=True,
        pipeline=val_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='CocoMetric')  # against the annotation file of the data set above
test_evaluator = val_evaluator
