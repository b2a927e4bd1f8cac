_base_ = 'mmpose::_base_/default_runtime.py'

custom_imports = dict(imports=['sdpose'], allow_failed_imports=False)

# A killed run loses one epoch at most, and a resumed one repeats the numbers of an unbroken one.
default_hooks = dict(
    checkpoint=dict(interval=1, max_keep_ckpts=2, save_best='auto', rule='greater')
)
custom_hooks = [dict(type='SyncBuffersHook'), dict(type='EpochSeedHook')]
randomness = dict(seed=0)
