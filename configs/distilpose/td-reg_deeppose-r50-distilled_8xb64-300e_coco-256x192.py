# Simulated heatmaps alone: any heatmap model teaches any regression model.
_base_ = [
    './td-reg_deeppose-r50-baseline_8xb64-300e_coco-256x192.py',
    '../_base_/models/distilpose.py',
]

simple_baseline = dict(
    config='mmpose::body_2d_keypoint/topdown_heatmap/coco/td-hm_res50_8xb64-210e_coco-256x192.py',
    checkpoint='https://download.openmmlab.com/mmpose/v1/body_2d_keypoint/topdown_heatmap/coco/'
    'td-hm_res50_8xb64-210e_coco-256x192-04af38ce_20220923.pth',
)
model = dict(_base_.distilpose, teacher=simple_baseline, token_loss=None, confidence_loss=None)
