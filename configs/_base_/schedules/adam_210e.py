# MMPose's schedule of its ResNets.
_base_ = './adam_300e.py'

train_cfg = dict(max_epochs=210)

optim_wrapper = dict(optimizer=dict(lr=5e-4))

param_scheduler = [
    dict(type='LinearLR', begin=0, end=500, start_factor=0.001, by_epoch=False),  # warm-up
    dict(type='MultiStepLR', begin=0, end=210, milestones=[170, 200], gamma=0.1, by_epoch=True),
]
