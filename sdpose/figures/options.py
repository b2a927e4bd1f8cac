# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What the options of figures may be."""

import math

from sdpose.errors import InputError

MOST = 400  # pictures; Matplotlib draws no figure of more than 65,535 pixels


def check_number(number: int, what: str) -> None:
    """Check an option ``--number``.

    Args:
        number: Of pictures to draw.
        what: They show, for the message.

    Raises:
        InputError: It is too small, or too large for a sheet.
    """
    if number < 1:
        raise InputError(f'--number {number}: at least one {what} is needed.')
    if number > MOST:
        raise InputError(f'--number {number}: no more than {MOST} fit a sheet.')


def check_finite(option: str, value: float) -> None:
    """Check an option that something is compared with.

    Raises:
        InputError: It is no finite number.
    """
    if not math.isfinite(value):
        raise InputError(f'{option} {value}: it must be a finite number.')
