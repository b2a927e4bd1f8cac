# DeiT-Tiny on images of 224x224, with the regularisation of its recipe.
model = dict(
    type='CycledDeiT',
    architecture='deit_tiny_patch16_224',
    num_classes=1000,
    timm_options=dict(drop_path_rate=0.1),
    mixup=dict(mixup_alpha=0.8, cutmix_alpha=1.0, label_smoothing=0.1),
)
