# A TokenPose small enough to learn the toy set in minutes on two CPU cores.
_base_ = './tokenpose_s.py'

model = dict(
    backbone=dict(stem_channels=32, out_channels=64, num_blocks=2),
    neck=dict(in_channels=64, feature_size=(32, 24), dim=128, depth=2, num_heads=4),
    head=dict(in_channels=128),
)
