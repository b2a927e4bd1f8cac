# TokenPose-S as its own authors train it: 128 images a step at the learning rate that ours has for
# 512, attention scaled by dim^-0.5, no shift of boxes, no warm-up; and no shift in the flip test.
_base_ = './td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(neck=dict(attention_scale='dim'), test_cfg=dict(shift_heatmap=False))

train_pipeline = [
    dict(step, shift_prob=0) if step['type'] == 'QuickRandomBBoxTransform' else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(batch_size=32, dataset=dict(pipeline=train_pipeline))
auto_scale_lr = dict(base_batch_size=128)
param_scheduler = _base_.param_scheduler[1:]
