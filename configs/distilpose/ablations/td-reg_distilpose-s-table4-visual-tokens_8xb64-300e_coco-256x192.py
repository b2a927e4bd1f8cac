# Table 4: visual tokens alone.
_base_ = './td-reg_distilpose-s-table4-tokens_8xb64-300e_coco-256x192.py'

model = dict(token_loss=dict(keypoint_weight=0))
