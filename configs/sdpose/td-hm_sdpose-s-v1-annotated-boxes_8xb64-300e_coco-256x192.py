# Validates while training on the 6,352 annotated boxes instead of 104,125 detected ones, in a
# sixteenth of the time. AP is higher there; tests are on detected boxes as always.
_base_ = './td-hm_sdpose-s-v1_8xb64-300e_coco-256x192.py'

val_dataloader = dict(dataset=dict(bbox_file=None))
