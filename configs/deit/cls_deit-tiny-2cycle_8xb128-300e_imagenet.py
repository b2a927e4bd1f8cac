_base_ = './cls_deit-tiny_8xb128-300e_imagenet.py'

# Without distillation only the last cycle is trained and predicts, as in SDPose's table 6.
model = dict(num_cycles=2, test_cycles=2, supervised_cycles='last')
