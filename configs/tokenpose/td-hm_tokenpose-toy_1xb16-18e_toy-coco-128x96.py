_base_ = [
    '../_base_/schedules/adam_toy.py',
    '../_base_/datasets/toy_coco_128x96.py',
    '../_base_/models/tokenpose_toy.py',
]

model = dict(head=dict(decoder=_base_.codec))
