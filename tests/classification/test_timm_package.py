# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import importlib

import pytest

from sdpose.classification.timm_package import import_timm
from sdpose.errors import InputError


def test_import_of_timm_that_does_not_fit_is_one_sentence(monkeypatch):
    def fail(name):
        raise RuntimeError('operator torchvision::nms does not exist')

    monkeypatch.setattr(importlib, 'import_module', fail)
    with pytest.raises(InputError, match=r'timm\.data cannot be imported .*pip install'):
        import_timm('timm.data')
