# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""docs/papers/*.csv hold what the papers print, and name a config for each row."""

import re

import pytest
from papers.tables import FOLDER, figure_of, models, number, own_ap, read_rows, tables

from conftest import CONFIGS, SHARED_DATA
from sdpose.engine.config_file import load_config
from sdpose.errors import InputError

ROWS = [(table.name, row) for table in tables().values() for row in table.rows]
WITH_CONFIGS = [(name, row) for name, row in ROWS if 'config' in row]
SEEDS = SHARED_DATA.parent / 'paper-tables.md'


def test_every_table_is_there_once():
    names = {path.stem for path in FOLDER.glob('*.csv')}
    assert names == {*tables(), 'tables', 'models'}
    assert [name for name in tables() if name.startswith('sdpose-')] == [
        *(f'sdpose-{number}' for number in range(1, 10)),
        *(f'sdpose-supplement-{number}' for number in (1, 2)),
    ]
    assert [name for name in tables() if name.startswith('distilpose-')] == [
        f'distilpose-{number}' for number in range(1, 7)
    ]


@pytest.mark.parametrize(('name', 'row'), WITH_CONFIGS)
def test_every_row_names_a_config_or_says_why_there_is_none(name, row):
    config = row['config']
    if config.startswith('none: '):
        assert len(config) > 20
    elif '::' in config:
        assert load_config(config).model.type == 'TopdownPoseEstimator'
    else:
        assert (CONFIGS / config).is_file()


def test_every_config_belongs_to_a_row():
    named = {row['config'] for _, row in WITH_CONFIGS} | {m.config for m in models().values()}
    configs = (path.relative_to(CONFIGS) for path in CONFIGS.rglob('*.py'))
    # annotated boxes: the same model, validated otherwise
    others = ('_base_', 'toy', 'annotated-boxes')
    existing = {str(p) for p in configs if not any(other in str(p) for other in others)}
    assert {config for config in named if config.endswith('.py') and '::' not in config} == existing


def test_a_row_of_a_model_is_in_the_table_that_it_names():
    for model in models().values():
        assert not model.source or model.cell('AP', 'value'), model.name


@pytest.mark.parametrize(
    ('config', 'data', 'ap'),
    [
        ('sdpose/td-reg_sdpose-reg_8xb64-300e_coco-256x192.py', 'COCO val2017', '73.0'),
        ('sdpose/td-reg_sdpose-reg_8xb64-300e_coco-256x192.py', 'COCO test-dev', '72.1'),
        ('sdpose/td-hm_sdpose-s-v1_8xb64-300e_crowdpose-256x192.py', 'CrowdPose test', '57.3'),
        ('deit/cls_deit-tiny-2cycle_8xb128-300e_imagenet.py', 'ImageNet-1k val', '73.4'),
        ('sdpose/td-hm_sdpose-t-v2_8xb64-300e_coco-256x192.py', 'COCO val2017', ''),
    ],
)
def test_figures(config, data, ap):
    assert figure_of(config, data) == ap


def test_what_authors_report_of_their_own_models():
    own = {name: own_ap(model) for name, model in models().items() if own_ap(model)}
    assert own == {
        'TokenPose-S-V1, original recipe': '72.5',
        'TokenPose-B, HRNet-W32 as is': '74.7',
        'PPT-S': '72.2',
        'PPT-B, HRNet-W32 as is': '74.4',
    }
    column = 'AP of its own authors'
    again = {
        row['Method']: (row[column], row['AP']) for row in read_rows('sdpose-1') if row[column]
    }
    assert again == {
        'TokenPose-S-V1*': ('72.5', '69.5'),
        'TokenPose-B*': ('74.7', '73.2'),
        'PPT-S*': ('72.2', '69.8'),
        'PPT-B*': ('74.4', '73.4'),
    }


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (('73.0', '73.0,'), 'a row has 9 cells, not 8'),
        (('sdpose/td-reg_sdpose-reg_8xb64-300e_coco-256x192.py', ''), 'a row names no config'),
    ],
)
def test_broken_data(change, message, tmp_path, monkeypatch):
    text = (FOLDER / 'sdpose-2.csv').read_text()
    (tmp_path / 'sdpose-2.csv').write_text(text.replace(*change))
    monkeypatch.setattr('papers.tables.FOLDER', tmp_path)
    with pytest.raises(InputError, match=message):
        read_rows('sdpose-2')


def test_numbers_without_what_is_added_to_them():
    assert models()['DistilPose-S'].cell('Params') == '5.36 (12.95x less)'
    assert models()['DistilPose-S'].number('params') == 5.36
    assert models()['DistilPose-S'].number('FPS') == 40.2
    assert number('') is number('-') is None


def test_cycles_that_no_paper_states_are_marked():
    assumed = {name for name, model in models().items() if '?' in model.cycles}
    for name in ('S-V2', 'B', 'Reg', 'T-V2', 'S-V1+PPT'):
        assert f'SDPose-{name}' in assumed
    assert 'SDPose-S-V1' not in assumed


@pytest.mark.skipif(not SEEDS.is_file(), reason=f'there is no {SEEDS}, the copy from the papers')
def test_cells_are_those_of_the_papers():
    seeds = re.findall(r'^## (.+?)\n(.*?)(?=^## |\Z)', SEEDS.read_text(), re.MULTILINE | re.DOTALL)
    assert len(seeds) == len(tables())
    for (heading, text), name in zip(seeds, tables(), strict=True):
        lines = [line for line in text.splitlines() if line.startswith('|')]
        columns, _, *rows = [[c.strip() for c in line[1:-1].split('|')] for line in lines]
        expected = [dict(zip(columns, row, strict=True)) for row in rows]
        if name == 'distilpose-5':  # a row by pair here
            expected = [
                {
                    'Student backbone': row['Student backbone'],
                    'Teacher': teacher,
                    'AP': row[teacher],
                }
                for row in expected
                for teacher in columns[1:]
            ]
        ours = [{key: row[key] for key in expected[0]} for row in read_rows(name)]
        assert ours == expected, heading
