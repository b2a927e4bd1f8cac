_base_ = [
    './td-reg_distilpose-toy-student_1xb16-18e_toy-coco-128x96.py',
    '../_base_/models/distilpose.py',
]

toy_teacher = dict(
    config='{{ fileDirname }}/../tokenpose/td-hm_tokenpose-toy_1xb16-18e_toy-coco-128x96.py',
    checkpoint='work_dirs/td-hm_tokenpose-toy_1xb16-18e_toy-coco-128x96/epoch_18.pth',
)
model = dict(_base_.distilpose, teacher=toy_teacher)
