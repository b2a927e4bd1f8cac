# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find the poses of persons in pictures, videos or what a camera sees."""

import argparse
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from sdpose.apis import PersonBoxes, PoseInferencer
from sdpose.apis.box_file import BoxFile
from sdpose.apis.frames import Frame, FrameSource, Unreadable, VideoFrames, open_frames
from sdpose.apis.person_boxes import BoxSource, FixedBoxes, WholeImage
from sdpose.apis.person_detector import PersonDetector
from sdpose.apis.pose_files import PoseFiles
from sdpose.cli import add_cfg_options, make_parser, parse_args_with_boxes, run_tool
from sdpose.engine.devices import choose_device
from sdpose.errors import InputError
from sdpose.visualization.video_writer import CODECS

SOMETHING_SKIPPED = 3  # exit status; 2 is a wrong command line

EXAMPLES = """\
  python tools/infer.py street.jpg CONFIG CHECKPOINT --bboxes 20,30,100,240 150,10,90,250
  python tools/infer.py data/coco/val2017 CONFIG CHECKPOINT \\
      --bbox-file data/coco/annotations/person_keypoints_val2017.json --out-dir work_dirs/poses
  python tools/infer.py 'crops/*.png' CONFIG CHECKPOINT --whole-image
  python tools/infer.py match.mp4 CONFIG CHECKPOINT --det-config DETECTOR.py --det-checkpoint D.pth
  python tools/infer.py 0 CONFIG CHECKPOINT --whole-image         # camera 0, until Ctrl-C

exit status:
  0 all is done, 1 wrong input, 2 wrong command line, 3 done, but something was broken and skipped
  (its lines begin with "Skipped"), 130 interrupted: what was written so far is kept"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Find the poses of persons in pictures or videos, and draw them.', EXAMPLES
    )
    parser.add_argument(
        'input', help="picture, folder, glob in quotes, video, stream's address or camera's number"
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    persons = parser.add_argument_group('where the persons are (one of them)')
    persons.add_argument(
        '--bboxes', nargs='+', metavar='X,Y,W,H', help='boxes in pixels, the same in every image'
    )
    persons.add_argument(
        '--bbox-file',
        help='COCO ground truth or detections (.json); with a folder as input, all images that it '
        'names are read from there',
    )
    persons.add_argument('--whole-image', action='store_true', help='one person fills the image')
    persons.add_argument('--det-config', help='config of an MMDetection model (needs mmdet)')
    persons.add_argument('--det-checkpoint', help='its checkpoint')
    persons.add_argument(
        '--image-names',
        metavar='JSON',
        help='file with the id and file_name of the images, e.g. the ground truth, for detections '
        "in --bbox-file; without it, the number in a picture's name is its id",
    )
    persons.add_argument(
        '--bbox-thr', type=float, default=0.3, help='least score of detected boxes (default: 0.3)'
    )
    parser.add_argument(
        '--kpt-thr', type=float, default=0.3, help='least score of drawn keypoints (default: 0.3)'
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/infer'),
        help='folder of predictions.json, images.json and what is drawn (default: work_dirs/infer)',
    )
    parser.add_argument('--no-draw', action='store_true', help='write only the .json files')
    parser.add_argument(
        '--video-format',
        choices=[suffix[1:] for suffix in CODECS],
        default='mp4',
        help='of drawn videos (default: mp4); mkv and avi can be played even after kill -9',
    )
    parser.add_argument('--batch-size', type=int, default=32, help='persons at once (default: 32)')
    parser.add_argument('--device', help='cpu, cuda, cuda:1 (default: the GPU if there is one)')
    parser.add_argument('--test-cycles', type=int, help="cycles, instead of the config's")
    add_cfg_options(parser, 'model.test_cfg.flip_test=False')
    return parse_args_with_boxes(parser)


def make_box_source(args: argparse.Namespace) -> BoxSource:
    """Make the one source of person boxes that was asked for."""
    given = {
        '--bboxes': args.bboxes,
        '--bbox-file': args.bbox_file,
        '--whole-image': args.whole_image,
        '--det-config': args.det_config,
    }
    chosen = [option for option, value in given.items() if value]
    if len(chosen) != 1:
        raise InputError(
            'Say in one way where the persons are: --bboxes, --bbox-file, --whole-image, or '
            f'--det-config with --det-checkpoint. Given: {" and ".join(chosen) or "none"}.'
        )
    if bool(args.det_config) != bool(args.det_checkpoint):
        raise InputError('--det-config and --det-checkpoint go together.')
    if args.image_names and not args.bbox_file:
        raise InputError('--image-names says which images the boxes of --bbox-file belong to.')
    if args.bboxes:
        return FixedBoxes(args.bboxes)
    if args.bbox_file:
        return BoxFile(args.bbox_file, args.bbox_thr, args.image_names)
    if args.whole_image:
        return WholeImage()
    device = str(choose_device(args.device))
    return PersonDetector(args.det_config, args.det_checkpoint, device, args.bbox_thr)


def open_input(source: str, boxes: BoxSource) -> FrameSource:
    """Open the input: all pictures that a box file names, or what is there."""
    if isinstance(boxes, BoxFile) and Path(source).is_dir():
        named = boxes.pictures_in(Path(source))
        if named is not None:
            return named
    frames = open_frames(source)
    if isinstance(boxes, BoxFile) and isinstance(frames, VideoFrames):
        raise InputError(
            f'--bbox-file has boxes of pictures, but {source} is a video. '
            'Use --bboxes, --whole-image or a detector.'
        )
    return frames


class Skipped:
    """What was left out, told as it happens; the same thing only once.

    Args:
        console: Where to tell it.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self.messages: dict[str, None] = {}

    def add(self, name: str, problem: str) -> None:
        """Report something."""
        message = f'Skipped: {name}: {problem}.'
        if message not in self.messages:
            self.messages[message] = None
            self._console.print(message, markup=False, highlight=False, soft_wrap=True)


def find_persons(
    frames: FrameSource, boxes: BoxSource, skipped: Skipped
) -> Iterator[tuple[tuple[Any, Frame], np.ndarray, PersonBoxes]]:
    """The images that can be read, with their ids and the boxes that can be used."""
    for frame in frames:
        if isinstance(frame, Unreadable):
            skipped.add(frame.name, frame.problem)
            continue
        image_id = frame.number + 1
        if isinstance(boxes, BoxFile):
            image_id = boxes.image_id(frame.name)
            if image_id is None:
                skipped.add(frame.name, f'{boxes.path} does not say where its persons are')
                continue
        try:
            persons, complaints = boxes(frame).split_usable(*frame.image.shape[:2])
        except InputError as error:  # the box file has something else than numbers there
            skipped.add(frame.name, str(error).rstrip('.'))
            continue
        for complaint in complaints:
            skipped.add(frame.name, complaint)
        yield (image_id, frame), frame.image, persons


def check_outputs(args: argparse.Namespace) -> None:
    """Refuse to replace what is read by what is written."""
    for target in (args.out_dir / 'predictions.json', args.out_dir / 'images.json'):
        for source in filter(None, (args.bbox_file, args.image_names)):
            if target.exists() and Path(source).exists() and target.samefile(source):
                raise InputError(
                    f'{source} would be replaced by what is written: give another --out-dir.'
                )


def interrupt_on_termination() -> None:
    """Let ``kill`` and a closed terminal end the run as Ctrl-C does: with all files whole."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ('SIGTERM', 'SIGHUP'):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupt)


def main() -> int:
    """Infer, write and draw."""
    args = parse_args()
    interrupt_on_termination()
    check_outputs(args)
    boxes = make_box_source(args)
    frames = open_input(args.input, boxes)
    inferencer = PoseInferencer(
        args.config,
        args.checkpoint,
        args.device,
        args.batch_size,
        args.test_cycles,
        args.cfg_options,
    )
    files = PoseFiles(
        args.out_dir,
        frames,
        inferencer.dataset_meta,
        args.kpt_thr,
        not args.no_draw,
        args.video_format,
    )
    columns = (TextColumn('Inferring'), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with files, Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task('', total=len(frames) or None)
        skipped = Skipped(progress.console)
        for (image_id, frame), poses in inferencer.stream(find_persons(frames, boxes, skipped)):
            files.add(image_id, frame, poses)
            progress.update(task, completed=frame.number + 1)
    print(
        f'Wrote {files.num_persons} poses in {files.num_images} images to '
        f'{args.out_dir / "predictions.json"}.'
    )
    if skipped.messages:
        sys.stderr.write(f'{len(skipped.messages)} things were skipped, see above.\n')
        return SOMETHING_SKIPPED
    return 0


if __name__ == '__main__':
    run_tool(main)
