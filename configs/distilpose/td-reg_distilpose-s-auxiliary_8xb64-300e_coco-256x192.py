# Heatmap-auxiliary training, which DistilPose compares with: no teacher, but while it trains a
# second head draws heatmaps of the same tokens, and the targets from the same coordinates. The
# weight of its loss is not stated: 1.
_base_ = './td-reg_distilpose-s-baseline_8xb64-300e_coco-256x192.py'

heatmap_head = dict(type='TokenHeatmapHead', in_channels=192, out_channels=17, decoder=_base_.codec)
model = dict(head=dict(auxiliary_head=heatmap_head))
