# Table 5: StemNet taught by TokenPose-S-V1.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

teacher = dict(
    config='{{ fileDirname }}/../../tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py',
    checkpoint='work_dirs/td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192/epoch_300.pth',
)
model = dict(teacher=teacher)
