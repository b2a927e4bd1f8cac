# DeepPose on ResNet-50 with a confidence and sigmas, which nothing trains: they do not count. What
# a teacher has taught is tested and deployed with this config too.
_base_ = ['../_base_/schedules/adam_300e.py', '../_base_/datasets/coco_256x192_regression.py']

model = dict(
    type='TokenPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(type='Pretrained', checkpoint='torchvision://resnet50'),
    ),
    neck=dict(type='GlobalAveragePooling'),
    head=dict(
        type='PooledRegressionHead',
        in_channels=2048,
        num_joints=17,
        score='one',
        decoder=_base_.regression_codec,
    ),
    test_cfg=dict(flip_test=True, shift_coords=True),
)
