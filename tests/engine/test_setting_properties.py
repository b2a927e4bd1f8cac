# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Whatever is written on a command line is a value, or one sentence."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st
from mmengine.config import Config

from conftest import TOY_CONFIG
from sdpose.engine.config_file import merge_options
from sdpose.engine.config_options import parse_value
from sdpose.errors import InputError

CONFIG = Config.fromfile(TOY_CONFIG)
UNREADABLE = (SyntaxError, TypeError, ValueError, RecursionError, MemoryError)
WORDS = (bool, int, float, str, type(None))


def keys_of(node, path=''):
    """The dotted names of everything in a config."""
    steps = node.items() if isinstance(node, dict) else enumerate(node)
    for step, value in steps:
        key = f'{path}{step}'
        yield key
        if isinstance(value, dict | list | tuple):
            yield from keys_of(value, f'{key}.')


scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.integers()
    | st.floats()
    | st.text('ab.-', max_size=3)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text('ab'), inner, max_size=2),
    max_leaves=4,
)
names = st.sampled_from(['', '0', '-1', '99', 'x', 'type', 'depth', '_delete_', '__class__'])


@given(
    options=st.dictionaries(
        st.tuples(st.sampled_from(sorted(keys_of(CONFIG.to_dict()))), st.lists(names, max_size=2))
        .map(lambda parts: '.'.join([parts[0], *parts[1]])),
        values,
        min_size=1,
        max_size=3,
    )
)  # fmt: skip
def test_options_are_merged_or_refused(options):
    before = CONFIG.to_dict()
    with contextlib.suppress(InputError):
        merge_options(CONFIG, options)
    assert CONFIG.to_dict() == before


@given(text=st.text('[]{}()\'":, =ab1.-\\\0\n', max_size=20))
def test_a_value_is_read_or_refused(text):
    is_word = set('([{,').isdisjoint(text)
    try:
        value = parse_value(text)
    except UNREADABLE:
        assert not is_word  # words stand for themselves; only brackets can fail to match
    else:
        assert isinstance(value, WORDS if is_word else (*WORDS, list, tuple, dict, set))


@given(value=st.recursive(st.integers() | st.booleans(), st.lists, max_leaves=5))
def test_what_is_written_as_python_writes_it_comes_back(value):
    assert parse_value(repr(value)) == value
