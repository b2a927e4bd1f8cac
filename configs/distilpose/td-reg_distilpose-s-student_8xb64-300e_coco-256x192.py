# DistilPose-S as it is deployed: it tests what td-reg_distilpose-s trained, without a teacher.
# Not for training: nothing would train its confidences. That is -baseline.
_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/coco_256x192_regression.py',
    '../_base_/models/tokenreg_s.py',
]

model = dict(head=dict(decoder=_base_.regression_codec))

train_pipeline = [  # DistilPose does not shift boxes
    dict(step, shift_prob=0) if step['type'] == 'QuickRandomBBoxTransform' else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
