# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""``python -m sdpose.runtime``: poses by an exported model, without PyTorch and MMPose."""

import sys
from pathlib import Path

try:
    import cv2  # noqa: F401
    import numpy as np  # noqa: F401
except ImportError as error:
    sys.exit(f'Error: {error.name} is missing: pip install numpy opencv-python-headless')

from sdpose.runtime.command import Arguments, make_parser, parse_args_with_boxes, run_command
from sdpose.runtime.infer import EXIT_STATUS, add_inference_arguments, infer
from sdpose.runtime.onnx_model import OnnxPoseModel

EXAMPLES = """\
  python -m sdpose.runtime model.onnx person.jpg --whole-image
  python -m sdpose.runtime model.onnx street.jpg --bboxes 20,30,100,240 150,28,90,250
  python -m sdpose.runtime model.onnx 'crops/**/*.png' --whole-image --no-draw
  python -m sdpose.runtime model.onnx match.mp4 --bboxes 0,0,400,720
  python -m sdpose.runtime model.onnx match.mp4 --det-onnx yolox.onnx     # needs rtmlib
  python -m sdpose.runtime model.onnx data/coco/val2017 \\
      --bbox-file data/coco/annotations/person_keypoints_val2017.json"""


def main(arguments: Arguments = None) -> int:
    """Infer, write and draw."""
    parser = make_parser(
        'Find the poses of persons in pictures or videos with a model of tools/export_onnx.py, '
        'and draw them. Needs only numpy, OpenCV and onnxruntime.',
        EXAMPLES + EXIT_STATUS,
    )
    parser.prog = 'python -m sdpose.runtime'
    parser.add_argument('model', type=Path, help='.onnx file, with its .json file beside it')
    add_inference_arguments(parser)
    parser.add_argument('--threads', type=int, default=0, help='0 (default) takes all cores')
    args = parse_args_with_boxes(parser, arguments)
    return infer(args, lambda: OnnxPoseModel(args.model, args.threads, args.batch_size))


if __name__ == '__main__':
    sys.exit(run_command(main))
