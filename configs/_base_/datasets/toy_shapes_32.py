# The toy set of tools/dataset/make_toy_shapes.py: coloured shapes of 32x32 pixels in class folders.
_base_ = './imagenet_224.py'

data_root = 'data/toy_shapes/'

train_transform = dict(
    type='TimmTransform', input_size=32, is_training=True, scale=(0.8, 1.0), vflip=0.5
)
val_transform = dict(type='TimmTransform', input_size=32, crop_pct=1.0)

train_dataloader = dict(
    batch_size=32,
    num_workers=0,  # pictures this small are read faster than another process hands them over
    persistent_workers=False,
    pin_memory=False,
    # one process would see a third of these few images in an epoch, each three times
    sampler=dict(_delete_=True, type='DefaultSampler', shuffle=True),
    dataset=dict(data_root=data_root, pipeline=[train_transform]),
)
val_dataloader = dict(
    num_workers=0,
    persistent_workers=False,
    pin_memory=False,
    dataset=dict(data_root=data_root, pipeline=[val_transform]),
)
test_dataloader = val_dataloader

val_evaluator = dict(topk=(1, 2))
test_evaluator = val_evaluator
