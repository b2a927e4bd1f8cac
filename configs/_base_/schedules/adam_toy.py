# A short schedule, for minutes instead of days.
_base_ = '../default_runtime.py'

train_cfg = dict(max_epochs=18, val_interval=6)

optim_wrapper = dict(optimizer=dict(type='Adam', lr=2e-3))

param_scheduler = [
    dict(type='LinearLR', begin=0, end=200, start_factor=0.01, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        begin=0,
        end=18,
        T_max=18,
        eta_min=1e-5,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]

auto_scale_lr = dict(base_batch_size=16)
