# DeiT's schedule, for a minute instead of days.
_base_ = './adamw_deit_300e.py'

train_cfg = dict(max_epochs=30, val_interval=10)

optim_wrapper = dict(optimizer=dict(lr=3e-3))

param_scheduler = [
    dict(type='LinearLR', start_factor=1e-3, begin=0, end=3, convert_to_iter_based=True),
    dict(
        type='CosineAnnealingLR',
        T_max=27,
        eta_min=1e-5,
        begin=3,
        end=30,
        convert_to_iter_based=True,
    ),
]

auto_scale_lr = dict(base_batch_size=32)
