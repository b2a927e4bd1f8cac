# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
import pytest

from sdpose.errors import InputError
from sdpose.export import packages


def test_missing_package_is_one_sentence(monkeypatch):
    packages.require_onnx()
    monkeypatch.setattr(packages, 'find_spec', lambda name: name == 'onnx' or None)
    with pytest.raises(
        InputError, match=r'not installed here: onnxruntime\. .*pip install onnxruntime$'
    ):
        packages.require_onnx()
