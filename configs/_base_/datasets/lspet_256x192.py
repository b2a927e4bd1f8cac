# Leeds Sports Pose Extended in COCO's format with CrowdPose's 14 keypoints; ground-truth boxes.
_base_ = './crowdpose_256x192.py'

data_root = 'data/lspet/'

train_dataloader = dict(dataset=dict(data_root=data_root, ann_file='annotations/train.json'))
val_dataloader = dict(
    dataset=dict(data_root=data_root, ann_file='annotations/val.json', bbox_file=None)
)
test_dataloader = val_dataloader

val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator
