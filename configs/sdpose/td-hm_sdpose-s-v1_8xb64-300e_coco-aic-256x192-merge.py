_base_ = '../tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_coco-aic-256x192-merge.py'

model = dict(neck=dict(num_cycles=2), head=dict(token_loss=dict(type='TokenDistillationLoss')))
