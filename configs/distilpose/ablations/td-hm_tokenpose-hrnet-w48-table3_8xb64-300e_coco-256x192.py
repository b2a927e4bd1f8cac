# Table 3: the teacher with and without extra post-processing, both in one test.
_base_ = '../../tokenpose/td-hm_tokenpose-hrnet-w48_8xb64-300e_coco-256x192.py'

model = dict(test_cfg=dict(output_heatmaps=True))
unrefined = dict(_base_.codec, type='UnrefinedHeatmap')
test_evaluator = [
    _base_.test_evaluator,
    dict(_base_.test_evaluator, type='RedecodedCocoMetric', decoder=unrefined, prefix='unrefined'),
]
