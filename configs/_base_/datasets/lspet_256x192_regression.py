# Coordinates instead of heatmaps as targets.
_base_ = './lspet_256x192.py'

regression_codec = dict(type='RegressionWithConfidence', input_size=_base_.codec.input_size)

train_pipeline = _base_.train_pipeline
train_pipeline[-2] = dict(type='GenerateTarget', encoder=regression_codec)
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
