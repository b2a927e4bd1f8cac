# Table 5, row 2: heatmaps of all cycles, no distillation of tokens.
_base_ = '../td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(head=dict(token_loss=None))
