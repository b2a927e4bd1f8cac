# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import json
from pathlib import Path

import paper_table
import pytest
import torch
from mmengine.config import Config
from mmpose.models.pose_estimators import TopdownPoseEstimator
from papers.measure import Complexity, count, images_per_second
from papers.tables import models
from speed.timing import Timing

from conftest import CONFIGS, assert_one_sentence, build_model, call_tool, load_config
from sdpose.errors import InputError

MODELS = {model.name: model for model in paper_table.select(None)}
OURS = [name for name, model in MODELS.items() if model.is_ours]
OTHERS = [name for name, model in MODELS.items() if not model.is_ours]


@pytest.mark.parametrize('name', OURS)
def test_our_models_have_the_papers_size(name):
    size = count(MODELS[name])
    assert not any(paper_table.is_off(MODELS[name], size))
    assert size.gflops <= size.gflops_with_attention
    assert MODELS[name].ours == tuple(f'{figure:.3f}' for figure in size)


@pytest.mark.parametrize('name', OTHERS)
def test_comparators_are_mmposes_own(name):
    size = count(MODELS[name])
    paper = MODELS[name].number('params')
    assert paper is None or size.params == pytest.approx(paper, rel=0.01)
    assert size.gflops == size.gflops_with_attention > 1
    assert MODELS[name].ours == tuple(f'{figure:.3f}' for figure in size)


def test_every_model_that_estimates_poses_is_counted():
    assert [n for n in models() if n not in MODELS] == [n for n in models() if 'DeiT' in n]


def test_multiply_adds_are_those_of_the_formula():
    """One encoder layer of TokenPose-S-V1 on 17 + 256 tokens, times 12, plus the rest."""
    ours = count(MODELS['TokenPose-S-V1'])
    tokens, dim = 17 + 256, 192
    layer = tokens * dim * (3 * dim + dim + 2 * 3 * dim)
    attention = 12 * 2 * tokens**2 * dim
    embedding = 256 * 4 * 3 * 256 * dim
    head = 17 * (dim * 384 + 384 * 3072)
    stem = ours.gflops * 1e9 - 12 * layer - embedding - head
    assert ours.gflops_with_attention - ours.gflops == pytest.approx(attention / 1e9)
    assert stem == pytest.approx(1.003e9, rel=0.001)


@pytest.mark.parametrize(
    ('name', 'gflops', 'off'),
    [
        ('SDPose-S-V1', 2.4, False),
        ('SDPose-S-V1', 2.44, False),
        ('SDPose-S-V1', 2.46, True),
        ('SDPose-T-V2', 9, False),  # no paper says how many
        ('HRNet-W32', 9, False),  # not ours
    ],
)
def test_off_means_more_than_2_percent(name, gflops, off):
    params = MODELS[name].number('params') or 1
    assert paper_table.is_off(MODELS[name], Complexity(params, gflops, 0)) == (False, off)


def test_a_model_that_is_off_is_marked_and_fails(monkeypatch, capsys):
    wrong = Complexity(params=6.6, gflops=2.6, gflops_with_attention=3)
    monkeypatch.setattr(paper_table, 'count', lambda model: wrong)
    assert paper_table.main(['--models', 'SDPose-S-V1']) == 1
    out, err = capsys.readouterr()
    assert '| 6.6 | 6.600 | 2.4 | 2.600 **off** | 3.000 | 72.3 |' in out
    assert err == 'Error: 1 of our models are off by more than 2 %.\n'


@pytest.mark.parametrize('name', ['SDPose-T-V2', 'DistilPose-S', 'SDPose-S-V1, CrowdPose'])
def test_images_a_second_are_with_mirrors_by_the_median(name, monkeypatch):
    passes = []
    forward = TopdownPoseEstimator.extract_feat
    monkeypatch.setattr(
        TopdownPoseEstimator,
        'extract_feat',
        lambda self, images: passes.append(len(images)) or forward(self, images),
    )
    monkeypatch.setattr('speed.timing.SECONDS', 0.1)
    monkeypatch.setattr('speed.timing.Timing.of', lambda seconds, _: Timing(0, 0.2, 1, 1))
    assert images_per_second(MODELS[name], 'cpu') == pytest.approx(1 / 0.2)
    assert set(passes) == {2}  # one picture and its mirror


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('SDPose-S-V1', ('coco', 'COCO')),
        ('SDPose-B, HRNet-W32 as is', ('coco', 'COCO')),
        ('SDPose-S-V1, CrowdPose', ('crowdpose', 'CROWD')),
        ('SDPose-T-V2', None),  # the paper's AP is on test-dev
        ('SDPose-S-V1, LSPET', None),
    ],
)
def test_a_checkpoint_is_tested_on_the_data_that_the_papers_ap_is_of(
    name, expected, tmp_path, monkeypatch
):
    tested = []

    def metrics_of(model, checkpoint, data_root):
        tested.append(data_root)
        return {f'{prefix}/{key}': 0.5 for prefix in ('coco', 'crowdpose') for key in ('AP', 'AR')}

    monkeypatch.setattr(paper_table, 'metrics_of', metrics_of)
    (tmp_path / f'{Path(MODELS[name].config).stem}.pth').touch()
    args = paper_table.parse_args(
        ['--checkpoints', str(tmp_path), '--data-root', 'COCO', '--crowdpose-root', 'CROWD']
    )
    ours = paper_table.measure(MODELS[name], args)
    assert tested == ([expected[1]] if expected else [])
    assert ours.ap == (50 if expected else None)


def test_images_a_second_stand_beside_the_papers(monkeypatch, capsys):
    monkeypatch.setattr('speed.timing.SECONDS', 0.1)
    assert paper_table.main(['--fps', '--models', 'SDPose-Reg']) == 0
    head, _, row, *_ = capsys.readouterr().out.splitlines()
    cells = dict(zip(head.split(' | ')[6:8], row.split(' | ')[6:8], strict=True))
    assert cells["paper's FPS"] == '38.3'
    assert float(cells['ours']) > 0.1


@pytest.mark.slow
def test_checkpoints_are_tested_and_drawn(toy_coco, toy_crowdpose, tmp_path, capfd):
    name = 'td-hm_sdpose-t_8xb64-300e_coco-256x192'
    (tmp_path / name).mkdir()
    state_dict = build_model(load_config('sdpose-t')).state_dict()
    whole = dict(state_dict=state_dict, optimizer={}, message_hub={}, meta=dict(epoch=10, iter=9))
    torch.save(whole, tmp_path / name / 'epoch_10.pth')
    (tmp_path / name / 'epoch_9.pth').touch()
    (tmp_path / name / 'epoch_last.pth').touch()
    (path,) = CONFIGS.rglob('td-hm_tokenpose-s-v1_*crowdpose-*.py')
    weights = build_model(Config.fromfile(path)).state_dict()
    torch.save(dict(state_dict=weights), tmp_path / f'{path.stem}.pth')
    options = ['--models', 'SDPose-T', 'TokenPose-S-V1, CrowdPose', '--data-root', str(toy_coco)]
    options += ['--crowdpose-root', str(toy_crowdpose)]
    options += ['--checkpoints', str(tmp_path), '--json', str(tmp_path / 'table.json')]
    assert paper_table.main([*options, '--figure', 'sdpose', str(tmp_path / 'figure1.png')]) == 0
    row, crowd = json.loads((tmp_path / 'table.json').read_text())
    assert row['paper'] == dict(params=4.4, gflops=1.8, FPS=None, ap=69.7, ar=75.2)
    assert 0 <= row['ours']['ap'] <= 100
    assert f'| 69.7 | {row["ours"]["ap"]:.1f} |' in capfd.readouterr().out
    assert crowd['data'] == 'CrowdPose test'
    assert crowd['paper']['ap'] == 55.7
    assert 0 <= crowd['ours']['ap'] <= 100
    assert (tmp_path / 'figure1.png').stat().st_size > 10_000


def test_figure_1_shows_the_papers_rows_and_ours_on_top():
    tested = paper_table.Measured(Complexity(6.62, 2.38, 2.73), ap=71.0, ar=76.0)
    shown = paper_table.points('sdpose', {'SDPose-S-V1': tested})
    assert len(shown) == 14 + 7 + 1
    (reg,) = (point for point in shown if point.name.startswith('SDPose-Reg'))
    assert (reg.params, reg.gflops, reg.ap, reg.group) == (5.4, 2.4, 73.0, 'regression')
    assert shown[-1].is_ours
    assert (shown[-1].name, shown[-1].ap) == ('SDPose-S-V1', 71.0)
    assert len(paper_table.points('distilpose', {})) == 23


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--checkpoints', 'nowhere'], 'no folder nowhere'),
        (['--json', '/proc/table.json'], '/proc/table.json: it cannot be written'),
        (['--json', 'table.txt'], 'table.txt must end with .json'),
        (['--figure', 'ppt', 'a.png'], '--figure ppt: the papers are sdpose and distilpose'),
        (['--figure', 'sdpose', 'a.txt'], 'a.txt'),
        (['--device', 'xyz'], 'no device xyz here'),
        (['--models', 'SDPose-X'], 'no model SDPose-X. Known ones: TokenPose-S-V1'),
    ],
)
def test_bad_input(options, message):
    assert_one_sentence(call_tool('tools/paper_table.py', *options), message)


def test_rows_are_selected_by_name():
    assert [model.name for model in paper_table.select(['SDPose-B', 'PPT-S'])] == [
        'SDPose-B',
        'PPT-S',
    ]
    with pytest.raises(InputError, match='no model SDPose-X'):
        paper_table.select(['SDPose-X'])
