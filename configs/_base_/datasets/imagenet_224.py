# ImageNet-1k as class folders, with DeiT's augmentation, which timm carries out.
data_root = 'data/imagenet/'

train_transform = dict(
    type='TimmTransform',
    input_size=224,
    is_training=True,
    interpolation='bicubic',
    auto_augment='rand-m9-mstd0.5-inc1',
    re_prob=0.25,  # random erasing
    re_mode='pixel',
)
# resized to 256, the middle 224 cut out
val_transform = dict(type='TimmTransform', input_size=224, interpolation='bicubic', crop_pct=0.875)

train_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    drop_last=True,  # Mixup needs pairs
    pin_memory=True,
    sampler=dict(type='repeated_augmentation_sampler', num_repeats=3),
    dataset=dict(
        type='ImageFolderDataset', data_root=data_root, split='train', pipeline=[train_transform]
    ),
)
val_dataloader = dict(
    batch_size=128,
    num_workers=8,
    persistent_workers=True,
    drop_last=False,
    pin_memory=True,
    sampler=dict(type='DefaultSampler', shuffle=False, round_up=False),
    dataset=dict(
        type='ImageFolderDataset',
        data_root=data_root,
        split='val',
        pipeline=[val_transform],
        test_mode=True,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='TopKAccuracy', topk=(1, 5))
test_evaluator = val_evaluator
