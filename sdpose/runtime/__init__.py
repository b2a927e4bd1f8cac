# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""From pictures, videos and boxes to poses, files and drawings, for any model.

A model is a :class:`~sdpose.runtime.pose_model.PoseModel`: it finds the keypoints of persons whose
boxes are known. :class:`~sdpose.runtime.onnx_model.OnnxPoseModel` is one, ``PoseInferencer`` of
``sdpose.apis`` another. Nothing here needs more than numpy, OpenCV and onnxruntime (a detector in
ONNX alone also rtmlib), so this is how an exported model is deployed::

    python -m sdpose.runtime model.onnx photo.jpg --whole-image
"""

import os

# A small file can hold a picture of gigabytes. OpenCV reads this once, where it is imported first,
# and lets 2**30 pixels pass by itself.
os.environ.setdefault('OPENCV_IO_MAX_IMAGE_PIXELS', str(2**28))
