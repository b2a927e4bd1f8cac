_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/mpii_256x256.py',
    '../_base_/models/tokenpose_s.py',
]

model = dict(
    neck=dict(feature_size=(64, 64), patch_size=(4, 4), num_keypoints=16),
    head=dict(out_channels=16, decoder=_base_.codec),
)
default_hooks = dict(checkpoint=dict(save_best='PCK'))  # of all keypoints; the first is the head's
