# The 14 keypoints of CrowdPose: DistilPose-S under TokenPose-S-V1, on Leeds Sports Pose Extended.
_base_ = [
    '../_base_/schedules/adam_300e.py',
    '../_base_/datasets/lspet_256x192_regression.py',
    '../_base_/models/tokenreg_s.py',
    '../_base_/models/distilpose.py',
]

teacher_name = 'td-hm_tokenpose-s-v1_8xb64-300e_lspet-256x192'
teacher = dict(
    config='{{ fileDirname }}/../tokenpose/' + teacher_name + '.py',
    checkpoint='work_dirs/' + teacher_name + '/epoch_300.pth',
)
model = dict(
    _base_.distilpose,
    teacher=teacher,
    neck=dict(num_keypoints=14),
    head=dict(num_joints=14, decoder=_base_.regression_codec),
)
