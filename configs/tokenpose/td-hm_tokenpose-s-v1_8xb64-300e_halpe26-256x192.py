_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/halpe26_256x192.py',
    '../_base_/models/tokenpose_s.py',
]

model = dict(neck=dict(num_keypoints=26), head=dict(out_channels=26, decoder=_base_.codec))
