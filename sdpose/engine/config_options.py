# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Read settings from a command line: ``KEY=VALUE``, written as MMEngine writes them."""

import argparse
import ast
import re
from collections.abc import Sequence
from contextlib import suppress
from math import isfinite
from typing import Any

from sdpose.runtime.json_files import shown

QUOTES = '"\''
# In brackets: what is in quotes, or between commas and brackets
WORD = re.compile(r"""'[^']*'|"[^"]*"|[^\s,()\[\]'"](?:[^,()\[\]'"]*[^\s,()\[\]'"])?""")


class ConfigOptions(argparse.Action):
    """Collect words ``KEY=VALUE`` into a dict; for an option with ``nargs='+'``.

    A value is a number, ``True``, ``False``, ``None``, or a text, which needs no quotes; a list of
    them, ``[a,b]`` or ``a,b``; a tuple ``(a,b)``; or a dict as Python writes it. They nest.
    MMEngine's ``DictAction``, which this replaces, never returns from some of these.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        """Add the words to those of the same option before."""
        options = dict(getattr(namespace, self.dest) or {})
        for word in values or ():
            key, equals, text = word.partition('=')
            if not equals:
                raise argparse.ArgumentError(
                    self, f'{shown(word)} is not KEY=VALUE, such as model.neck.depth=6'
                )
            try:
                options[key] = parse_value(text)
            except (SyntaxError, TypeError, ValueError, RecursionError, MemoryError) as error:
                raise argparse.ArgumentError(
                    self,
                    f'{key}: {shown(text)} cannot be read: its brackets or quotes do not '
                    'match; lists are written "[a,b]", dicts "{\'a\': 1}"',
                ) from error
        setattr(namespace, self.dest, options)


def parse_value(text: str) -> Any:
    """Read one value, see :class:`ConfigOptions`.

    Raises:
        SyntaxError, TypeError, ValueError, RecursionError, MemoryError: Its brackets or quotes do
            not match, or are nested too deeply.
    """
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in QUOTES:
        text = text[1:-1].strip()  # no shell has taken them
    if not text.startswith(('(', '[', '{')):
        if ',' not in text:
            return _scalar(text)
        text = f'[{text}]'
    try:
        value = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        if text.startswith('{'):
            raise
        value = ast.literal_eval(WORD.sub(lambda word: _literal(word[0]), text))
    is_single = text.startswith('(') and not isinstance(value, tuple)
    return (value,) if is_single else value


def _literal(word: str) -> str:
    """A word as Python writes it; infinity and NaN, which it does not write, stay texts."""
    value = _scalar(word)
    return repr(word if isinstance(value, float) and not isfinite(value) else value)


def _scalar(word: str) -> Any:
    """A number, a constant, or else a text."""
    for read in (int, float):
        with suppress(ValueError):
            return read(word)
    return {'true': True, 'false': False, 'None': None}.get(
        word if word == 'None' else word.lower(), word.strip(QUOTES)
    )
