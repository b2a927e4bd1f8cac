# Coordinates instead of heatmaps as targets.
_base_ = './toy_coco_128x96.py'

regression_codec = dict(type='RegressionWithConfidence', input_size=_base_.codec.input_size)

train_pipeline = [
    dict(step, encoder=regression_codec) if step['type'] == 'GenerateTarget' else step
    for step in _base_.train_pipeline
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
