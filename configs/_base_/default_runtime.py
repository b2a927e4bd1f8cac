_base_ = 'mmpose::_base_/default_runtime.py'

custom_imports = dict(imports=['sdpose.plugin'], allow_failed_imports=False)

# A killed run loses one epoch at most, and a resumed one repeats the numbers of an unbroken one.
# What that rests on is not in custom_hooks, a list that other configs replace.
default_hooks = dict(
    checkpoint=dict(
        type='SafeCheckpointHook', interval=1, max_keep_ckpts=2, save_best='auto', rule='greater'
    ),
    number_check=dict(type='NumberCheckHook'),
    seed=dict(type='SeedHook'),
    progress=dict(type='ProgressHook'),
    sync_buffers=dict(type='SyncBuffersHook'),
)
custom_hooks = []
# seconds for which processes wait for one that does not answer, before all end
env_cfg = dict(dist_cfg=dict(timeout=600))
randomness = dict(seed=0)
