# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import os

import pytest

from conftest import CONFIGS
from sdpose.errors import InputError
from sdpose.models.pose_estimators.frozen_teacher import FrozenTeacher


def test_what_is_no_file_is_not_taken_for_a_missing_checkpoint(tmp_path):
    config = next(CONFIGS.rglob('td-hm_tokenpose-toy_*.py'))
    os.mkfifo(tmp_path / 'pipe')
    (tmp_path / 'link').symlink_to('nowhere')
    for name, problem in (('pipe', 'is a pipe'), ('link', 'is a link to nowhere'), ('.', 'folder')):
        with pytest.raises(InputError, match=problem):
            FrozenTeacher.load(str(config), str(tmp_path / name), allow_random=True)
