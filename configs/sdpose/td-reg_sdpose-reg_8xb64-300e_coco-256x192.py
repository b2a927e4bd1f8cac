_base_ = './td-reg_tokenreg-rle_8xb64-300e_coco-256x192.py'

model = dict(neck=dict(num_cycles=2), head=dict(token_loss=dict(type='TokenDistillationLoss')))
