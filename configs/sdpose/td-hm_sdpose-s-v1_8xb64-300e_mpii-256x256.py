_base_ = '../tokenpose/td-hm_tokenpose-s-v1_8xb64-300e_mpii-256x256.py'

model = dict(neck=dict(num_cycles=2), head=dict(token_loss=dict(type='TokenDistillationLoss')))
