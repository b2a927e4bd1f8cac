_base_ = '../tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(neck=dict(pruning=dict(keep_ratio=0.7, layers=(3, 6, 9))))
