# Table 4: both kinds of tokens; nothing trains the confidences, so they do not count.
_base_ = '../td-reg_distilpose-s_8xb64-300e_coco-256x192.py'

model = dict(head=dict(score='one'), confidence_loss=None, simulated_heatmap_loss=None)
