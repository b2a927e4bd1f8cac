_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/coco_aic_256x192.py',
    '../_base_/models/tokenpose_s.py',
]

model = dict(head=dict(decoder=_base_.codec))
