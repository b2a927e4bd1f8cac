# TokenPose-S with the regression head of DistilPose.
_base_ = './tokenpose_s.py'

model = dict(
    head=dict(_delete_=True, type='TokenRegressionHead', in_channels=192, num_joints=17),
    test_cfg=dict(_delete_=True, flip_test=True, shift_coords=True),
)
