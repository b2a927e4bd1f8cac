# Table 1: PPT-S as SDPose's authors re-trained it, pruned from the first step.
_base_ = '../../ppt/td-hm_ppt-s_8xb64-300e_coco-256x192.py'

custom_hooks = []
