# Table 1: PPT-B as SDPose's authors re-trained it, pruned from the first step.
_base_ = '../../ppt/td-hm_ppt-b-narrow_8xb64-300e_coco-256x192.py'

custom_hooks = []
