# The baseline of SDPose-Reg: coordinates and sigmas by RLE.
_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/coco_256x192_regression.py',
    '../_base_/models/tokenreg_s.py',
]

rle = dict(loss=dict(type='RLELoss', use_target_weight=True), score='sigma')
model = dict(head=dict(rle, decoder=_base_.regression_codec))
