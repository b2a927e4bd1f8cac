# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Wrong input, as opposed to wrong code, and how JSON is read."""

import json
from pathlib import Path
from typing import Any


class InputError(ValueError):
    """Something that the user gave cannot work; the message says what and how to mend it."""


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises:
        InputError: It is missing or broken.
    """
    try:
        return json.loads(path.read_text())
    except OSError as error:
        raise InputError(f'There is no file {path}.') from error
    except ValueError as error:
        raise InputError(f'{path} is not JSON: {error}.') from error
