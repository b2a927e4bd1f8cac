# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch import nn

from sdpose.engine.signatures import built_from, describe, fits, settings_of
from sdpose.models import StemNet, TokenRegressionHead


def test_what_settings_are_built_into():
    assert built_from((), {}) is Runner
    assert built_from(('model', 'backbone'), dict(type='StemNet')) is StemNet
    assert built_from(('model', 'backbone'), dict(type=StemNet)) is StemNet
    assert built_from(('train_cfg',), dict(by_epoch=True)) is EpochBasedTrainLoop
    assert built_from(('train_cfg',), dict(by_epoch=False)) is IterBasedTrainLoop
    for node in (dict(type='Nope'), dict(type=''), dict(type='a..b'), dict(type=5), {}, None, 5):
        assert built_from(('model', 'neck'), node) is None


def test_settings_of_all_base_classes():
    settings, is_complete = settings_of(TokenRegressionHead)
    assert {'in_channels', 'token_loss', 'decoder', 'score', 'init_cfg'} <= set(settings)
    assert is_complete
    assert settings['score'] == (str, 'confidence')
    assert settings_of(None) == ({}, False)
    assert not settings_of(dict)[1]


@pytest.mark.parametrize(
    ('hint', 'text', 'good', 'bad'),
    [
        (int, 'a number', (1, 1.5, np.float32(1)), (True, 'a', None, [1], {})),
        (float, 'a number', (1, 1.5), (False, '1')),
        (bool, 'True or False', (True,), (1, 'True', None)),
        (str, 'a text', ('a',), (1, None, ['a'])),
        (dict, 'a dict', ({},), ([], 1, None)),
        (dict | None, 'a dict or None', ({}, None), ([], 1)),
        (tuple[int, int], 'a list of 2', ((1, 2), [1, 2]), ((1,), [1, 2, 3], 1, ['a', 1])),
        (tuple[int, ...], 'a list of numbers', ((), [1]), ('a', ['a'])),
        (tuple[float], 'a list of numbers', ([1], [1, 2, 3]), (1, ['a'])),
        (Sequence[str], 'a list of texts', (['a'],), ('a', [1])),
        (list[dict | None], 'a list', ([{}, None],), ([1], {})),
        (nn.Module | dict, 'a dict', ({}, nn.Identity()), (1, 'a', None)),
        (Any, 'a dict', (1, 'a', None, {}, print), ()),
        (Callable | None, 'a dict or None', ({}, print, None), (1,)),
    ],
)
def test_kinds_of_values(hint, text, good, bad):
    assert describe(hint) == text
    assert all(fits(value, hint) for value in good)
    assert not any(fits(value, hint) for value in bad)
