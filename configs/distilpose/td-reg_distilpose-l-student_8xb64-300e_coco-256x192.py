# DistilPose-L as it is deployed: it tests what td-reg_distilpose-l trained, without a teacher.
# Not for training: nothing would train its confidences. That is -baseline.
_base_ = [
    './td-reg_distilpose-s-student_8xb64-300e_coco-256x192.py',
    '../_base_/models/hrnet_w48.py',
]

model = dict(
    backbone=dict(
        _delete_=True, type='HRNetStage3', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=48),
)
