# Table 4: all but the tokens.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

model = dict(token_loss=None)
