# The teacher of DistilPose: TokenPose on the whole of HRNet-W48, with its own augmentation.
_base_ = [
    './td-hm_tokenpose-s-v1-teacher_8xb64-300e_coco-256x192.py',
    '../_base_/models/hrnet_w48.py',
]

model = dict(
    backbone=dict(
        _delete_=True, type='HRNet', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=48),
)
