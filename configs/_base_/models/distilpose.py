# What DistilPose adds to a student: a teacher and three losses, with the paper's weights.
distilpose = dict(
    type='DistilPose',
    teacher=dict(
        config='{{ fileDirname }}/../../tokenpose/'
        'td-hm_tokenpose-hrnet-w48_8xb64-300e_coco-256x192.py',
        # where training the teacher leaves it
        checkpoint='work_dirs/td-hm_tokenpose-hrnet-w48_8xb64-300e_coco-256x192/epoch_300.pth',
    ),
    token_loss=dict(type='TokenDistillationLoss', keypoint_weight=5e-4, visual_weight=5e-4),
    simulated_heatmap_loss=dict(type='SimulatedHeatmapLoss', loss_weight=1.0),
    confidence_loss=dict(type='ConfidenceLoss', loss_weight=1e-2),
)
