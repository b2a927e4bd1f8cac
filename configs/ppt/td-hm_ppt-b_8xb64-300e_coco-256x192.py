_base_ = [
    '../tokenpose/td-hm_tokenpose-b_8xb64-300e_coco-256x192.py',
    '../_base_/models/ppt.py',
]

model = _base_.ppt
custom_hooks = _base_.ppt_schedule
