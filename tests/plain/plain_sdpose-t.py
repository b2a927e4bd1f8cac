_base_ = '../../configs/sdpose/td-hm_sdpose-t_8xb64-300e_coco-256x192.py'

custom_imports = dict(imports=['sdpose.plugin', 'plain_reference'], allow_failed_imports=False)
model = dict(
    type='TopdownPoseEstimator',
    neck=dict(type='PlainTransformer'),
    head=dict(type='PlainHeatmapHead'),
)

# MMPose's own loader, which draws the heatmaps
stock = dict(
    LoadImageOnce='LoadImage',
    QuickRandomFlip='RandomFlip',
    QuickRandomBBoxTransform='RandomBBoxTransform',
)
train_pipeline = [
    dict(step, type=stock.get(step['type'], step['type'])) for step in _base_.train_pipeline[:-2]
]
train_pipeline += [dict(type='GenerateTarget', encoder=_base_.codec), dict(type='PackPoseInputs')]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
