_base_ = './td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

# Tokens are pruned in the first cycle, from the first step of training on, as SDPose's authors do;
# the second cycle goes on with those that are left.
model = dict(neck=dict(pruning=dict(keep_ratio=0.7, layers=(3, 6, 9))))
