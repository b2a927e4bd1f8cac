# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""docs/papers.md names every config, and nothing else."""

import re

from conftest import CONFIGS, ROOT
from sdpose.engine.config_file import load_config

TEXT = (ROOT / 'docs/papers.md').read_text()
SUFFIX = '_8xb64-300e_coco-256x192.py'
NAMED = {
    name if name.endswith('.py') else name + SUFFIX
    for name in re.findall(r'`((?:tokenpose|sdpose|ppt|distilpose|deit)/[\w./-]+)`', TEXT)
}


def test_the_named_configs_are_those_that_exist():
    existing = {
        str(path.relative_to(CONFIGS))
        for path in CONFIGS.rglob('*.py')
        if '_base_' not in path.parts and 'toy' not in path.name
    }
    assert existing == NAMED


def test_the_named_configs_of_mmpose_exist():
    named = re.findall(r'`(mmpose::[^`]+)`', TEXT)
    assert len(named) > 5
    for name in named:
        assert load_config(name).model.type == 'TopdownPoseEstimator'
