# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What README and docs name exists."""

import re

import pytest

from conftest import CONFIGS, ROOT

PAGES = [ROOT / 'README.md', *sorted((ROOT / 'docs').rglob('*.md'))]


@pytest.mark.parametrize('page', PAGES, ids=lambda page: page.name)
def test_named_files_exist(page):
    text = page.read_text()
    named = re.findall(r'(?:configs|tools|sdpose|tests|requirements)/[\w./-]+\.(?:py|sh|txt)', text)
    assert named
    missing = [n for n in named if not ((ROOT / n).is_file() or (CONFIGS / n).is_file())]
    assert missing == []
    linked = re.findall(r'\]\((?!https?:)([^)#]+)', text)
    assert [name for name in linked if not (page.parent / name).exists()] == []


def test_no_number_was_left_to_fill_in():
    assert [page.name for page in PAGES if re.search(r'DEMO_\w+', page.read_text())] == []


def test_every_config_family_is_in_the_readme():
    text = (ROOT / 'README.md').read_text()
    families = [folder.name for folder in CONFIGS.iterdir() if folder.name != '_base_']
    assert len(families) == 5
    assert [name for name in families if f'(configs/{name}/README.md)' not in text] == []
