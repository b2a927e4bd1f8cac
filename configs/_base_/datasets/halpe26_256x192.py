# Halpe's body and feet: the first 26 of its 136 keypoints; ground-truth boxes, MMPose's metrics.
_base_ = './coco_256x192.py'

dataset_type = 'HalpeDataset'
data_root = 'data/halpe/'

first_26 = dict(type='KeypointConverter', num_keypoints=26, mapping=[(i, i) for i in range(26)])
halpe = dict(
    type=dataset_type, data_root=data_root, data_mode=_base_.data_mode, pipeline=[first_26]
)
train = dict(
    ann_file='annotations/halpe_train_v1.json',
    data_prefix=dict(img='hico_20160224_det/images/train2015/'),
)
val = dict(ann_file='annotations/halpe_val_v1.json', data_prefix=dict(img='val2017/'))
halpe26 = dict(
    _delete_=True,
    type='CombinedDataset',
    metainfo=dict(from_file='configs/_base_/datasets/halpe26.py'),  # MMPose's
)
train_dataloader = dict(
    dataset=dict(halpe26, datasets=[dict(halpe, **train)], pipeline=_base_.train_pipeline)
)
val_dataloader = dict(
    dataset=dict(
        halpe26, datasets=[dict(halpe, **val)], pipeline=_base_.val_pipeline, test_mode=True
    )
)
test_dataloader = val_dataloader
# or they would stand in every dump of the config
del first_26, halpe, train, val, halpe26

val_evaluator = [dict(type='PCKAccuracy', thr=0.1), dict(type='AUC')]
test_evaluator = val_evaluator
