_base_ = './td-hm_tokenpose-s-v1_8xb64-300e_crowdpose-256x192.py'

model = dict(neck=dict(patch_size=(2, 2)))
