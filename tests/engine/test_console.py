# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import logging

import pytest

from sdpose.engine.console import is_for_console


@pytest.mark.parametrize(
    ('level', 'message', 'expected'),
    [
        (logging.INFO, 'Epoch(train) [1][50/94]', True),
        (logging.INFO, 'Config:\n' + 'line\n' * 100, False),
        (logging.WARNING, 'missing keys\n' + 'line\n' * 100, True),
        (logging.WARNING, '"FileClient" will be deprecated in future.', False),
    ],
)
def test_pages_of_information_stay_out_of_the_console(level, message, expected):
    record = logging.LogRecord('mmengine', level, '', 0, message, None, None)
    assert is_for_console(record) == expected
