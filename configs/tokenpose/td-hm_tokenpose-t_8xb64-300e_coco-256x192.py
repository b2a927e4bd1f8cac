_base_ = './td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(
    backbone=dict(type='IdentityBackbone'),
    neck=dict(in_channels=3, feature_size=(256, 192), patch_size=(16, 12), num_heads=16),
)
