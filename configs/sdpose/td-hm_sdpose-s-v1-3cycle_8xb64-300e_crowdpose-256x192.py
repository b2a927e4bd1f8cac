_base_ = './td-hm_sdpose-s-v1_8xb64-300e_crowdpose-256x192.py'

model = dict(neck=dict(num_cycles=3))
