# Table 6, row 2: no distillation; the last cycle is trained and predicts.
_base_ = './td-hm_sdpose-s-v1-table5-none_8xb64-300e_coco-256x192.py'

model = dict(neck=dict(test_cycles=2))
