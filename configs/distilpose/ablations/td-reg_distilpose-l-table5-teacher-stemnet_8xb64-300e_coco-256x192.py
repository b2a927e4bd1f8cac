# Table 5: HRNet-W48, 3 stages, taught by TokenPose on StemNet.
_base_ = [
    './td-reg_distilpose-s-table5-teacher-stemnet_8xb64-300e_coco-256x192.py',
    '../../_base_/models/hrnet_w48.py',
]

# Another backbone than its teacher's: it starts from ImageNet weights.
model = dict(
    backbone=dict(
        _delete_=True, type='HRNetStage3', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=48),
)
