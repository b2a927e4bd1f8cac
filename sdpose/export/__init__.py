# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""From a checkpoint to an ONNX file that runs without PyTorch and MMPose.

Nothing here is imported by ``import sdpose``; it needs the packages ``onnx`` and ``onnxruntime``.
"""
