# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The one exception that means "the input is wrong", as opposed to "the code is"."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches


class InputError(ValueError):
    """Something that the user gave cannot work: a path, an option, a config, a checkpoint.

    The message is one or two sentences that say what is wrong and how to mend it. The tools
    print it without a stack trace and exit with status 1.
    """


class BuildError(InputError):
    """Something cannot be built as a config says: a wrong setting, or a slip in new code."""


@contextmanager
def blame_config(config: str, action: str = 'be built') -> Iterator[None]:
    """Turn errors that wrong settings cause while something is built into :class:`BuildError`.

    Args:
        config: What to call the config in the message.
        action: What it cannot.
    """
    try:
        yield
    except InputError:
        raise
    except (
        *(AssertionError, AttributeError, FileNotFoundError),
        *(KeyError, RuntimeError, TypeError, ValueError),
    ) as error:
        # str() of a KeyError would quote its message
        message = str(error.args[0] if isinstance(error, KeyError) and error.args else error)
        if isinstance(error, KeyError) and message.isidentifier():
            message = f'one of its dicts has no {message!r}'
        message = message.split('. Please check whether', maxsplit=1)[0] or type(error).__name__
        raise BuildError(f'{config} cannot {action}: {message}') from error


def did_you_mean(name: str, known: Iterable[str], count: int = 1, cutoff: float = 0.6) -> str:
    """Write a sentence with the ``count`` nearest names, a space before it, if some are near."""
    near = get_close_matches(name, list(known), count, cutoff)
    return f' Did you mean {" or ".join(near)}?' if near else ''


def reason(error: OSError) -> str:
    """Say why a file could not be read or written, without its name: ``Permission denied``."""
    return error.strerror or str(error) or type(error).__name__
