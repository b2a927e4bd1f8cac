# As the SDPose paper counts it (13.2 M): stage 1 of its HRNet-W32 has 32 channels instead of 64,
# so that the ImageNet weights of stage 1 do not fit, and are left out.
_base_ = './td-hm_tokenpose-b_8xb64-300e_coco-256x192.py'

model = dict(backbone=dict(extra=dict(stage1=dict(num_channels=(32,)))))
