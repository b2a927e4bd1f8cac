# Table 5: HRNet-W48, 3 stages, taught by TokenPose-B.
_base_ = '../td-reg_distilpose-l_8xb64-300e_coco-256x192.py'

teacher = dict(
    config='{{ fileDirname }}/../../tokenpose/td-hm_tokenpose-b_8xb64-300e_coco-256x192.py',
    checkpoint='work_dirs/td-hm_tokenpose-b_8xb64-300e_coco-256x192/epoch_300.pth',
)
# Another backbone than its teacher's: it starts from ImageNet weights.
imagenet = dict(_base_.hrnet_init, _delete_=True)
model = dict(teacher=teacher, backbone=dict(init_cfg=imagenet))
