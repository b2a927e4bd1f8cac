# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import errno

import pytest

from sdpose.errors import BuildError, InputError, blame_config, reason


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        (KeyError('StemNot is not in the registry. Please check whether ...'), 'StemNot is not in'),
        (TypeError("unexpected keyword argument 'lrr'"), "unexpected keyword argument 'lrr'"),
        (FileNotFoundError(2, 'No such file', 'a.json'), 'No such file.*a.json'),
        (AssertionError(), 'AssertionError'),
    ],
)
def test_the_config_and_what_is_wrong_are_named(error, message):
    pattern = f'^a.py cannot be built: .*{message}[^.]*$'
    with pytest.raises(BuildError, match=pattern) as caught, blame_config('a.py'):
        raise error
    assert isinstance(caught.value, InputError)
    assert caught.value.__cause__ is error  # for the stack trace


def test_bugs_and_clear_errors_pass():
    for error in (ZeroDivisionError(), InputError('clear')):
        with pytest.raises(type(error)) as caught, blame_config('a.py'):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (PermissionError(errno.EACCES, 'Permission denied', 'a.json'), 'Permission denied'),
        (OSError('the disk went away'), 'the disk went away'),
        (TimeoutError(), 'TimeoutError'),
    ],
)
def test_every_error_of_a_file_has_a_reason(error, text):
    assert reason(error) == text
