# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Run an exported model with onnxruntime, numpy and OpenCV alone.

Copy this folder and ``infer_onnx.py`` to where the model is deployed: nothing in it imports sdpose,
MMPose or PyTorch.
"""
