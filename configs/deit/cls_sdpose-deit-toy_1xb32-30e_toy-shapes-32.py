_base_ = [
    '../_base_/schedules/adamw_deit_toy.py',
    '../_base_/datasets/toy_shapes_32.py',
    '../_base_/models/deit_tiny.py',
]

model = dict(
    num_classes=4,
    num_cycles=2,
    token_loss=dict(type='TokenDistillationLoss'),
    timm_options=dict(_delete_=True, img_size=32, patch_size=4, embed_dim=32, depth=2, num_heads=2),
    mixup=dict(mixup_alpha=0.2, cutmix_alpha=0.0, prob=0.5),
)
