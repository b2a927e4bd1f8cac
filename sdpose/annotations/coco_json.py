# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The JSON of COCO's files, as strict as the programs that read it after us."""

import codecs
from pathlib import Path
from typing import Any

from sdpose.errors import InputError
from sdpose.runtime.files import check_is_file
from sdpose.runtime.json_files import read_json


def read_coco_json(path: Path, what: str) -> Any:
    """Read a JSON file that MMPose and pycocotools will read as well.

    Args:
        path: A file.
        what: It should be, for messages, e.g. ``file of annotations``.

    Raises:
        InputError: It is missing, no file, empty, not JSON, or not plain UTF-8.
    """
    check_is_file(path, what)
    with path.open('rb') as file:
        start = file.read(len(codecs.BOM_UTF8))
    if not start:
        raise InputError(f'{path} is not a {what}: it is empty.')
    if start == codecs.BOM_UTF8:
        raise InputError(
            f'{path} begins with a byte order mark, which pycocotools cannot read. '
            'Save it as UTF-8 without one.'
        )
    return read_json(path)
