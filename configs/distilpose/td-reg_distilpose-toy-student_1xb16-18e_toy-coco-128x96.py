_base_ = [
    '../_base_/schedules/adam_toy.py',
    '../_base_/datasets/toy_coco_128x96_regression.py',
    '../_base_/models/tokenreg_toy.py',
]

model = dict(head=dict(decoder=_base_.regression_codec))
