# Table 5, row 5: both kinds of tokens, heatmaps of the last cycle only.
_base_ = '../td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(head=dict(supervised_cycles='last'))
