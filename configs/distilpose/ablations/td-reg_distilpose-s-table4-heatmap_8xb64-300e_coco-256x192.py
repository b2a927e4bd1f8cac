# Table 4: simulated heatmaps alone are distilled; the confidences do not count.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

model = dict(head=dict(score='one'), confidence_loss=None, token_loss=None)
