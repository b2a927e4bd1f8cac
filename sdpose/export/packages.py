# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The optional packages that only exporting needs."""

from importlib.util import find_spec

from sdpose.errors import InputError

ONNX_PACKAGES = ('onnx', 'onnxruntime')


def require_onnx() -> None:
    """Check that the packages of the extra ``sdpose[onnx]`` are installed.

    Raises:
        InputError: One of them is not.
    """
    missing = [name for name in ONNX_PACKAGES if find_spec(name) is None]
    if missing:
        raise InputError(
            f'Exporting needs packages that are not installed here: {", ".join(missing)}. '
            f'Install them: pip install {" ".join(missing)}'
        )
