_base_ = [
    '../tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_mpii-256x256.py',
    '../_base_/models/ppt.py',
]

model = _base_.ppt
custom_hooks = _base_.ppt_schedule
