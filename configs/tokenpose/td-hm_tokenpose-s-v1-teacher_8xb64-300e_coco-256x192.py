# A teacher on StemNet for DistilPose's students, with the augmentation of DistilPose's teachers.
_base_ = './td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py'

augmentation = dict(
    type='QuickRandomBBoxTransform', shift_prob=0, rotate_factor=80, scale_factor=(0.5, 1.5)
)
train_pipeline = [
    augmentation if step['type'] == augmentation['type'] else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
