_base_ = '../../configs/sdpose/td-hm_sdpose-toy_1xb16-18e_toy-coco-128x96.py'

from plain_reference import stock_pipeline

custom_imports = dict(imports=['sdpose.plugin', 'plain_reference'], allow_failed_imports=False)
model = dict(
    type='TopdownPoseEstimator',
    neck=dict(type='PlainTransformer'),
    head=dict(type='PlainHeatmapHead'),
)
train_dataloader = dict(dataset=dict(pipeline=stock_pipeline(_base_.train_pipeline, _base_.codec)))
