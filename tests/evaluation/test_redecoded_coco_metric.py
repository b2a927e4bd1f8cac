# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""One test run reports two ways of decoding."""

import json

import pytest

from conftest import TOY_CONFIG, assert_one_sentence, call_tool, load_config

CONFIG = """
_base_ = '{toy}'
unrefined = dict(_base_.codec, type='UnrefinedHeatmap')
model = dict(test_cfg=dict(output_heatmaps={heatmaps}))
test_evaluator = [
    dict(_base_.test_evaluator, outfile_prefix='{folder}/both_refined'),
    dict(
        _base_.test_evaluator,
        type='RedecodedCocoMetric',
        decoder=unrefined,
        prefix='unrefined',
        outfile_prefix='{folder}/both_unrefined',
    ),
]
"""


def run(tmp_path, toy_coco, checkpoint, config, *options):
    common = ('--work-dir', tmp_path / 'test', '--data-root', toy_coco)
    common += ('--out', tmp_path / 'ap.json')
    return call_tool('tools/test.py', config, checkpoint, *common, *options)


def test_both_are_those_of_runs_with_one_codec(toy_coco, toy_checkpoint, tmp_path):
    both = tmp_path / 'both.py'
    both.write_text(CONFIG.format(toy=TOY_CONFIG, heatmaps=True, folder=tmp_path))
    result = run(tmp_path, toy_coco, toy_checkpoint, both)
    assert result.returncode == 0, result.stderr
    metrics = json.loads((tmp_path / 'ap.json').read_text())
    assert {'coco/AP', 'coco/AR', 'unrefined/AP', 'unrefined/AR'} <= set(metrics)
    for name, codec in dict(refined='MSRAHeatmap', unrefined='UnrefinedHeatmap').items():
        options = ('--cfg-options', f'model.head.decoder.type={codec}')
        options += (f'test_evaluator.outfile_prefix={tmp_path / name}',)
        assert run(tmp_path, toy_coco, toy_checkpoint, TOY_CONFIG, *options).returncode == 0
        files = (tmp_path / f'{each}.keypoints.json' for each in (f'both_{name}', name))
        in_both, alone = (json.loads(file.read_text()) for file in files)
        assert len(in_both) > 4
        assert in_both == alone
    refined, unrefined = (
        (tmp_path / f'both_{name}.keypoints.json').read_text() for name in ('refined', 'unrefined')
    )
    assert refined != unrefined


def test_without_heatmaps(toy_coco, toy_checkpoint, tmp_path):
    config = tmp_path / 'none.py'
    config.write_text(CONFIG.format(toy=TOY_CONFIG, heatmaps=False, folder=tmp_path))
    result = run(tmp_path, toy_coco, toy_checkpoint, config)
    assert_one_sentence(result, 'set model.test_cfg.output_heatmaps=True')


def test_table_3_has_both():
    cfg, teacher = (load_config(f'tokenpose-hrnet-w48{name}') for name in ('-table3', ''))
    assert cfg.model.test_cfg == dict(teacher.model.test_cfg, output_heatmaps=True)
    assert cfg.model.head.decoder == dict(teacher.codec, type='UnrefinedHeatmap')
    unrefined, refined = cfg.test_evaluator
    assert unrefined == teacher.test_evaluator
    assert refined.pop('decoder') == teacher.codec
    assert refined == dict(teacher.test_evaluator, type='RedecodedCocoMetric', prefix='refined')


@pytest.mark.parametrize('threshold', ['-1e9', '0.2'])
def test_the_score_of_all_keypoints_is_one_option(threshold, toy_coco, toy_checkpoint, tmp_path):
    prefix = tmp_path / 'predictions'
    options = ('--cfg-options', f'test_evaluator.outfile_prefix={prefix}')
    options += (f'test_evaluator.keypoint_score_thr={threshold}', 'test_evaluator.nms_mode=none')
    result = run(tmp_path, toy_coco, toy_checkpoint, TOY_CONFIG, *options)
    assert result.returncode == 0, result.stderr
    found = json.loads((tmp_path / 'predictions.keypoints.json').read_text())
    for person in found:
        scores = [score for score in person['keypoints'][2::3] if score > float(threshold)]
        assert person['score'] == pytest.approx(sum(scores) / max(len(scores), 1), rel=1e-4)
