# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find the poses of persons in pictures, videos or what a camera sees."""

import sys

from sdpose.apis import PersonDetector, PoseInferencer
from sdpose.cli import add_cfg_options, run_tool
from sdpose.errors import InputError
from sdpose.runtime.command import Arguments, make_parser, parse_args_with_boxes
from sdpose.runtime.infer import EXIT_STATUS, add_inference_arguments, infer

EXAMPLES = """\
  python tools/infer.py CONFIG CHECKPOINT street.jpg --bboxes 20,30,100,240 150,10,90,250
  python tools/infer.py CONFIG CHECKPOINT data/coco/val2017 --out-dir work_dirs/poses \\
      --bbox-file data/coco/annotations/person_keypoints_val2017.json
  python tools/infer.py CONFIG CHECKPOINT 'crops/*.png' --whole-image
  python tools/infer.py CONFIG CHECKPOINT match.mp4 --det-config DETECTOR.py --det-checkpoint D.pth
  python tools/infer.py CONFIG CHECKPOINT match.mp4 --det-onnx yolox.onnx    # needs rtmlib
  python tools/infer.py CONFIG CHECKPOINT 0 --whole-image         # camera 0, until Ctrl-C"""


def main(arguments: Arguments = None) -> int:
    """Infer, write and draw."""
    parser = make_parser(
        'Find the poses of persons in pictures or videos, and draw them.', EXAMPLES + EXIT_STATUS
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    persons = add_inference_arguments(parser)
    persons.add_argument('--det-config', help='config of an MMDetection model (needs mmdet)')
    parser.add_argument('--det-checkpoint', help='its checkpoint')
    parser.add_argument('--amp', action='store_true', help='half precision: faster, less exact')
    parser.add_argument('--device', help='cpu, cuda, cuda:1 (default: the GPU if there is one)')
    add_cfg_options(parser, 'model.test_cfg.flip_test=False model.neck.test_cycles=2')
    args = parse_args_with_boxes(parser, arguments)
    if bool(args.det_config) != bool(args.det_checkpoint):
        raise InputError('--det-config and --det-checkpoint go together.')
    return infer(
        args,
        lambda: PoseInferencer(
            args.config,
            args.checkpoint,
            args.device,
            args.batch_size,
            args.cfg_options,
            amp=args.amp,
        ),
        lambda: PersonDetector(args.det_config, args.det_checkpoint, args.device, args.bbox_thr),
    )


if __name__ == '__main__':
    sys.exit(run_tool(main))
