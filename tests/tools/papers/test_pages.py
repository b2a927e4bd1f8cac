# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The pages show what docs/papers/*.csv say."""

import re
from pathlib import Path

import pytest
from papers import pages
from papers.tables import models, tables

from conftest import ROOT, assert_one_sentence, call_tool
from sdpose.errors import InputError

PAGES = pages.rendered_pages()


@pytest.mark.parametrize('path', PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_page_is_up_to_date(path):
    assert path.read_text() == PAGES[path]


def test_a_page_that_is_out_of_date_fails_the_check(tmp_path, monkeypatch):
    page = tmp_path / 'page.md'
    page.write_text('before\n<!-- table sdpose-9 -->\n| 99.9 |\n<!-- end -->\nafter\n')
    fresh = pages.fill(page.read_text(), ROOT / 'docs')
    monkeypatch.setattr('papers.pages.rendered_pages', lambda: {page: fresh})
    result = call_tool('tools/render_papers.py', '--check')
    assert_one_sentence(result, 'page.md out of date', 'run python tools/render_papers.py')
    assert call_tool('tools/render_papers.py').returncode == 0
    assert call_tool('tools/render_papers.py', '--check').returncode == 0
    first, second, head, *_ = page.read_text().splitlines()
    assert (first, second) == ('before', '<!-- table sdpose-9 -->')
    assert head == '| Row | value | gain | config |'
    assert '99.9' not in page.read_text()
    assert page.read_text().endswith('<!-- end -->\nafter\n')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('no table\n', 'a page must have comments'),
        ('<!-- tabel sdpose-9 -->\n<!-- end -->\n', 'a page must have comments'),
        ('<!-- table sdpose-9 -->\n<!-- table sdpose-8 -->\n<!-- end -->\n', 'its own <!-- end'),
        ('<!-- table sdpose-9 -->\ntext\n', 'its own <!-- end'),
        ('<!-- table sdpose-44 -->\n<!-- end -->\n', "asks for a table 'sdpose-44'"),
    ],
)
def test_pages_that_would_show_nothing(text, message):
    with pytest.raises(InputError, match=message):
        pages.fill(text, ROOT / 'docs')


def test_a_config_of_an_unknown_data_set_is_told(tmp_path, monkeypatch):
    folder = tmp_path / 'configs/sdpose'
    folder.mkdir(parents=True)
    (folder / 'td-hm_sdpose_8xb64-300e_jhmdb-256x256.py').touch()
    monkeypatch.setattr(pages, 'ROOT', tmp_path)
    with pytest.raises(InputError, match=r'jhmdb-256x256\.py: no name in tools/papers/pages'):
        pages.metafile('Collections:\n- Name: SDPose\n\nModels:\n', 'sdpose')


def test_the_papers_page_has_every_table_once():
    text = (ROOT / 'docs/papers.md').read_text()
    assert sorted(re.findall(r'<!-- table (\S+) -->', text)) == sorted(tables())


def test_links_lead_from_the_page_to_the_config():
    config = 'sdpose/td-hm_sdpose-s-v1_8xb64-300e_crowdpose-256x192.py'
    assert pages.link(config, ROOT / 'configs/sdpose') == (
        '[`td-hm_sdpose-s-v1_crowdpose-256x192`](td-hm_sdpose-s-v1_8xb64-300e_crowdpose-256x192.py)'
    )
    assert pages.link('mmpose::a.py', Path()) == '`mmpose::a.py`'
    assert pages.link('none: not ours', Path()) == 'none: not ours'
    for page, text in PAGES.items():
        for target in re.findall(r'\]\(([^)#:]+\.py)\)', text):
            assert (page.parent / target).is_file(), target


def test_what_is_assumed_is_marked():
    assert pages.depth(models()['SDPose-S-V2']) == '12 x 2 (assumed)'
    assert pages.depth(models()['SDPose-S-V1']) == '12 x 2'
    assert pages.depth(models()['HRNet-W32']) == ''


def test_a_reader_sees_what_the_baselines_own_authors_report():
    row = next(
        line for line in PAGES[ROOT / 'README.md'].splitlines() if '[TokenPose-S-V1]' in line
    )
    assert '| 69.5 | 72.5 |' in row


def test_metafiles_say_whose_figures_they_have():
    text = PAGES[ROOT / 'configs/sdpose/metafile.yml']
    assert "Dataset: COCO test-dev\n    Metrics:\n      AP (the paper's): 72.1" in text
    assert not re.search(r'^      AP:', text, re.MULTILINE)


def test_figures_in_the_text_are_the_papers():
    """What is said around the rendered tables uses their numbers, not others."""
    cells = {cell for table in tables().values() for row in table.rows for cell in row.values()}
    known = set(re.findall(r'\d\d\.\d\b', ' '.join(cells)))
    families = (ROOT / 'configs' / name / 'README.md' for name in pages.FAMILIES if name != 'deit')
    for path in (ROOT / 'docs/papers.md', *families):
        text = pages.PLACE.sub('', path.read_text())
        assert set(re.findall(r'(?<![\d.])[5-7]\d\.\d\b', text)) <= known, path
