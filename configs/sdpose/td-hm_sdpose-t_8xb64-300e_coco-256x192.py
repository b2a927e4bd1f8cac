_base_ = './td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

model = dict(neck=dict(depth=6, num_cycles=3))
