# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""``mim`` finds every config."""

import pytest

from conftest import CONFIGS, ROOT

load_model_index = pytest.importorskip('modelindex.load_model_index')


@pytest.fixture(scope='module')
def index():
    index = load_model_index.load(str(ROOT / 'model-index.yml'))
    index.build_models_with_collections()
    return index


def test_index_is_valid(index, monkeypatch):
    monkeypatch.chdir(ROOT)
    assert not index.check(silent=True)


def test_every_config_is_listed_once(index):
    configs = sorted(model.config for model in index.models)
    files = [path for path in CONFIGS.rglob('*.py') if '_base_' not in path.parts]
    assert configs == sorted(str(path.relative_to(ROOT)) for path in files)
    assert all(model.name == model.config.rsplit('/')[-1][:-3] for model in index.models)


def test_every_family_has_a_readme_with_a_citation():
    for folder in CONFIGS.iterdir():
        if folder.name != '_base_':
            assert '```bibtex' in (folder / 'README.md').read_text()
