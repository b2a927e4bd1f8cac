_base_ = [
    '../_base_/schedules/adam_toy.py',
    '../_base_/datasets/toy_coco_128x96_regression.py',
    '../_base_/models/tokenreg_toy.py',
]

rle = dict(loss=dict(type='RLELoss', use_target_weight=True), score='sigma')
model = dict(head=dict(rle, decoder=_base_.regression_codec))
