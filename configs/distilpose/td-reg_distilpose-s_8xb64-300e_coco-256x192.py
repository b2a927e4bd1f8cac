_base_ = [
    './td-reg_distilpose-s-student_8xb64-300e_coco-256x192.py',
    '../_base_/models/distilpose.py',
]

model = _base_.distilpose
