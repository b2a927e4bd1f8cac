_base_ = ['./td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py', '../_base_/models/hrnet_w32.py']

model = dict(
    backbone=dict(
        _delete_=True, type='HRNetStage3', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=32),
)
