_base_ = [
    './td-reg_distilpose-l-student_8xb64-300e_coco-256x192.py',
    '../_base_/models/distilpose.py',
]

# The backbone starts from the teacher's.
backbone_init = dict(checkpoint=_base_.distilpose.teacher.checkpoint, prefix='backbone.')
model = dict(_base_.distilpose, backbone=dict(init_cfg=backbone_init))
