# The teacher of DistilPose: TokenPose on the whole of HRNet-W48, with its own augmentation.
_base_ = ['./td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py', '../_base_/models/hrnet_w48.py']

model = dict(
    backbone=dict(
        _delete_=True, type='HRNet', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=48),
)

augmentation = dict(
    type='RandomBBoxTransform', shift_prob=0, rotate_factor=80, scale_factor=(0.5, 1.5)
)
train_pipeline = [
    augmentation if step['type'] == augmentation['type'] else step for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
