_base_ = './cls_deit-tiny_8xb128-300e_imagenet.py'

model = dict(num_cycles=2, token_loss=dict(type='TokenDistillationLoss'))
