_base_ = '../../configs/sdpose/td-hm_sdpose-b_8xb64-300e_coco-256x192.py'

from plain_reference import stock_pipeline

custom_imports = dict(imports=['sdpose.plugin', 'plain_reference'], allow_failed_imports=False)
model = dict(
    type='TopdownPoseEstimator',
    neck=dict(type='PlainTransformer'),
    head=dict(type='PlainHeatmapHead'),
)
train_dataloader = dict(dataset=dict(pipeline=stock_pipeline(_base_.train_pipeline, _base_.codec)))
