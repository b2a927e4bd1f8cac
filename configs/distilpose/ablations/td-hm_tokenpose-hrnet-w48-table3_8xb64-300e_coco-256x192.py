# Table 3: the teacher without extra post-processing (coco/AP), and in the same test with it
# (refined/AP).
_base_ = '../../tokenpose/td-hm_tokenpose-hrnet-w48_8xb64-300e_coco-256x192.py'

model = dict(head=dict(decoder=dict(type='UnrefinedHeatmap')), test_cfg=dict(output_heatmaps=True))
test_evaluator = [
    _base_.test_evaluator,
    dict(_base_.test_evaluator, type='RedecodedCocoMetric', decoder=_base_.codec, prefix='refined'),
]
