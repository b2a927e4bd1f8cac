# DeiT's schedule. Its learning rate is 5e-4 for each 512 images of a step.
_base_ = '../default_runtime.py'

train_cfg = dict(max_epochs=300, val_interval=10)

optim_wrapper = dict(
    optimizer=dict(type='AdamW', lr=1e-3, weight_decay=0.05),
    # no decay of biases, norms, position embedding and class token
    paramwise_cfg=dict(
        flat_decay_mult=0.0,
        custom_keys={'pos_embed': dict(decay_mult=0.0), 'cls_token': dict(decay_mult=0.0)},
    ),
)

param_scheduler = [
    dict(  # warm-up from 1e-6
        type='LinearLR', start_factor=1e-3, begin=0, end=5, convert_to_iter_based=True
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=295,
        eta_min=1e-5,
        begin=5,
        end=300,
        convert_to_iter_based=True,
    ),
]

auto_scale_lr = dict(base_batch_size=1024)
