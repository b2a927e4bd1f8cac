# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest

from sdpose import InputError
from sdpose.errors import building


@pytest.mark.parametrize(
    ('error', 'message'),
    [
        (KeyError('StemNot is not in the registry. Please check whether ...'), 'StemNot is not in'),
        (TypeError("unexpected keyword argument 'lrr'"), "unexpected keyword argument 'lrr'"),
        (FileNotFoundError(2, 'No such file', 'a.json'), 'No such file.*a.json'),
        (AssertionError(), 'AssertionError'),
    ],
)
def test_building_names_the_config_and_what_is_wrong(error, message):
    with pytest.raises(InputError, match=f'a.py cannot be built: .*{message}'), building('a.py'):
        raise error


def test_building_lets_bugs_and_clear_errors_pass():
    for error in (ZeroDivisionError(), InputError('clear')):
        with pytest.raises(type(error)) as caught, building('a.py'):
            raise error
        assert caught.value is error
