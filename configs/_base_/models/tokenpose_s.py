# TokenPose-S on person crops of 256x192: StemNet, patches of 4x3, 12 layers.
model = dict(
    type='TokenPoseEstimator',
    data_preprocessor=dict(
        type='PoseDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(type='StemNet'),
    neck=dict(
        type='MultiCycledTransformer',
        in_channels=256,
        feature_size=(64, 48),
        patch_size=(4, 3),
        num_keypoints=17,
        dim=192,
        depth=12,
        num_heads=8,
    ),
    head=dict(type='TokenHeatmapHead', in_channels=192, out_channels=17),
    test_cfg=dict(flip_test=True, flip_mode='heatmap', shift_heatmap=True),
)
