# Table 4: confidences alone are distilled.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

model = dict(simulated_heatmap_loss=None, token_loss=None)
