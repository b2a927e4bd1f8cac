_base_ = './td-reg_tokenreg-rle-toy_1xb16-18e_toy-coco-128x96.py'

model = dict(neck=dict(num_cycles=2), head=dict(token_loss=dict(type='TokenDistillationLoss')))
