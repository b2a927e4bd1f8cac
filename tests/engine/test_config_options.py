# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import argparse

import pytest

from sdpose.engine.config_options import ConfigOptions, parse_value


def parse(*words):
    parser = argparse.ArgumentParser()
    parser.add_argument('--cfg-options', nargs='+', action=ConfigOptions, default={})
    return parser.parse_args(words).cfg_options


@pytest.mark.parametrize(
    ('text', 'value'),
    [
        ('3', 3),
        ('-1e-3', -1e-3),
        ('inf', float('inf')),
        ('true', True),
        ('False', False),
        ('None', None),
        ('none', 'none'),
        ('', ''),
        ('StemNet', 'StemNet'),
        ('coco/AP (M)', 'coco/AP (M)'),
        ('/data/my coco', '/data/my coco'),
        ('mmpose::a.py', 'mmpose::a.py'),
        ('rand-m9-mstd0.5', 'rand-m9-mstd0.5'),
        ('"5"', 5),
        ('1,2', [1, 2]),
        ('a,b', ['a', 'b']),
        ('(a)', ('a',)),
        ('(1)', (1,)),
        ('[]', []),
        ('"[1, 2]"', [1, 2]),
        ('[(1,2),[a,None,true]]', [(1, 2), ['a', None, True]]),
        ('[a b,"c, d",e:f]', ['a b', 'c, d', 'e:f']),
        ('[0.5,nan]', [0.5, 'nan']),
        ("{'a': 1}", {'a': 1}),
        ("[{'type': 'LoadImage'}]", [{'type': 'LoadImage'}]),
        ('9' * 5000, float('inf')),
    ],
)
def test_values(text, value):
    assert parse_value(text) == value
    assert type(parse_value(text)) is type(value)


def test_options_are_collected_and_values_may_hold_equals_signs():
    words = ('--cfg-options', 'a.b=1', 'c=x=y', '--cfg-options', 'a.b=2')
    assert parse(*words) == {'a.b': 2, 'c': 'x=y'}
    assert parse() == {}


@pytest.mark.parametrize(
    ('word', 'message'),
    [
        ('a', "'a' is not KEY=VALUE, such as model.neck.depth=6"),
        ('a=[1,2', "a: '[1,2' cannot be read"),
        ('a=[1,2)', 'cannot be read'),
        ('a=(1', 'cannot be read'),
        ('a=[1]]', 'cannot be read'),
        ("a=['b]", 'cannot be read'),
        ('a={', 'cannot be read'),
        ("a={'b':1", 'cannot be read'),
        ('a={b:1,c:2}', 'cannot be read'),
        ('a={[]: 1}', 'cannot be read'),
        ('a=' + '[' * 5000, 'cannot be read'),
        ('a=' + '[' * 5000 + ']' * 5000, 'cannot be read'),
        ("a={'b':" * 300 + '1' + '}' * 300, 'cannot be read'),
    ],
)
def test_what_cannot_be_read_is_told_with_the_usage(word, message, capsys):
    with pytest.raises(SystemExit) as stopped:
        parse('--cfg-options', 'x=1', word)
    assert stopped.value.code == 2
    *usage, line = capsys.readouterr().err.splitlines()
    assert usage[0].startswith('usage:')
    assert message in line
    assert len(line) < 250
