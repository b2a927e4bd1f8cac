# TokenPose-L/D24: HRNet-W48, 3 stages; three transformers of 8 layers in a row, whose keypoint
# tokens are joined.
_base_ = ['./td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py', '../_base_/models/hrnet_w48.py']

model = dict(
    backbone=dict(
        _delete_=True, type='HRNetStage3', extra=_base_.hrnet_extra, init_cfg=_base_.hrnet_init
    ),
    neck=dict(in_channels=48, depth=24, num_transformers=3, num_heads=12),
    head=dict(in_channels=3 * 192),
)
