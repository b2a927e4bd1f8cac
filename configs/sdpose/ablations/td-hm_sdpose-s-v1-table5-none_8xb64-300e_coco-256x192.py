# Table 5, row 1: only the last cycle is trained, the first one predicts.
_base_ = '../td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(head=dict(supervised_cycles='last', token_loss=None))
