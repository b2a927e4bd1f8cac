_base_ = [
    '../_base_/schedules/adamw_deit_300e.py',
    '../_base_/datasets/imagenet_224.py',
    '../_base_/models/deit_tiny.py',
]
