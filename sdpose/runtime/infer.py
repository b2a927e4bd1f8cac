# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The inference commands: options, and the way from inputs to files. They differ in the model."""

import argparse
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from sdpose.errors import InputError
from sdpose.runtime.box_file import BoxFile
from sdpose.runtime.frames import Frame, FrameSource, Unreadable, VideoFrames, open_frames
from sdpose.runtime.image_poses import ImagePoses
from sdpose.runtime.onnx_detector import OnnxPersonDetector
from sdpose.runtime.person_boxes import BoxSource, FixedBoxes, PersonBoxes, whole_image
from sdpose.runtime.pose_files import PoseFiles
from sdpose.runtime.pose_model import PoseModel
from sdpose.runtime.progress import Progress, printable
from sdpose.runtime.video_writer import CODECS

SOMETHING_SKIPPED = 3  # exit status; 2 is a wrong command line
EXIT_STATUS = """

exit status:
  0 all is done, 1 wrong input, 2 wrong command line, 3 done, but something was broken and skipped
  (its lines begin with "Skipped"), 130 interrupted: what was written so far is kept"""


def add_inference_arguments(parser: argparse.ArgumentParser) -> argparse._ActionsContainer:
    """Add what inference takes beside the model.

    Returns:
        The group of options that say where the persons are, of which one is needed.
    """
    parser.add_argument(
        'inputs',
        nargs='+',
        metavar='INPUT',
        help="pictures, folders, globs in quotes; or one video, stream's address or camera number",
    )
    where = parser.add_argument_group('where the persons are (one of them)')
    persons = where.add_mutually_exclusive_group(required=True)
    persons.add_argument('--whole-image', action='store_true', help='one person fills the image')
    persons.add_argument(
        '--bboxes', nargs='+', metavar='X,Y,W,H', help='boxes in pixels, the same in every image'
    )
    persons.add_argument(
        '--bbox-file',
        help='COCO ground truth or detections (.json); with a folder as INPUT, all images that it '
        'names are read from there',
    )
    persons.add_argument(
        '--det-onnx', metavar='FILE', help='YOLOX or RTMDet in ONNX finds them (needs rtmlib)'
    )
    parser.add_argument(
        '--image-names',
        metavar='JSON',
        help='file with the id and file_name of the images, e.g. the ground truth, for detections '
        "in --bbox-file; without it, the number in a picture's name is its id",
    )
    parser.add_argument(
        '--bbox-thr', type=float, default=0.3, help='least score of detected boxes (default: 0.3)'
    )
    parser.add_argument(
        '--kpt-thr', type=float, default=0.3, help='least score of drawn keypoints (default: 0.3)'
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/infer'),
        help='folder of predictions.json, images.json and what is drawn, with colours from blue, '
        'score 0, to red, score 1 (default: work_dirs/infer)',
    )
    parser.add_argument('--no-draw', action='store_true', help='write only the .json files')
    parser.add_argument(
        '--video-format',
        choices=[suffix[1:] for suffix in CODECS],
        default='mp4',
        help='of drawn videos (default: mp4); mkv and avi can be played even after kill -9',
    )
    parser.add_argument('--batch-size', type=int, default=32, help='persons at once (default: 32)')
    return persons


def infer(
    args: argparse.Namespace,
    load_model: Callable[[], PoseModel],
    load_detector: Callable[[], BoxSource] = lambda: whole_image,
) -> int:
    """Find the poses in all images, write and draw them.

    Args:
        args: With those of :func:`add_inference_arguments`.
        load_model: Called when the other arguments have been found right.
        load_detector: Called where no option says where the persons are.

    Returns:
        The exit status.

    Raises:
        InputError: An argument cannot be used, or nothing is left of what is broken.
    """
    for name, threshold in (('--bbox-thr', args.bbox_thr), ('--kpt-thr', args.kpt_thr)):
        if not 0 <= threshold <= 1:
            raise InputError(f'{name} {threshold}: scores are between 0 and 1.')
    boxes = _box_source(args) or load_detector()
    frames = _open_inputs(args.inputs, boxes)
    model = load_model()
    weights = Path(model.weights)
    read = (args.bbox_file, args.image_names, args.det_onnx, weights, weights.with_suffix('.json'))
    files = PoseFiles(
        args.out_dir,
        frames,
        model.skeleton,
        args.kpt_thr,
        not args.no_draw,
        args.video_format,
        filter(None, read),
    )
    progress = Progress(len(frames))
    if isinstance(boxes, BoxFile):
        for complaint in boxes.complaints:
            progress.skip(str(boxes.path), complaint)
    with closing(files):
        for (image_id, frame, _), poses in _find_poses(model, _usable(frames, boxes, progress)):
            files.add(image_id, frame, poses)
            progress.show(frame.number + 1)
    progress.end()
    if progress.skipped and not files.num_persons:
        where = f' by {args.bbox_file}' if args.bbox_file else ''
        raise InputError(f'No pose is found{where}, and what was skipped, see above, is why.')
    predictions = printable(files.predictions)
    done = f'Wrote {files.num_persons} poses in {files.num_images} images to {predictions}.\n'
    if files.num_persons:
        milliseconds = 1000 * model.seconds / files.num_persons
        done += f'{milliseconds:.1f} ms a person: crop, model and decoding.\n'
    sys.stdout.write(done)
    if progress.skipped:
        sys.stderr.write(f'{len(progress.skipped)} things were skipped, see above.\n')
        return SOMETHING_SKIPPED
    return 0


Item = tuple[Any, Frame, PersonBoxes]


def _box_source(args: argparse.Namespace) -> BoxSource | None:
    if args.image_names and not args.bbox_file:
        raise InputError('--image-names says which images the boxes of --bbox-file belong to.')
    if args.bboxes:
        return FixedBoxes(args.bboxes)
    if args.bbox_file is not None:
        return BoxFile(args.bbox_file, args.bbox_thr, args.image_names)
    if args.det_onnx is not None:
        return OnnxPersonDetector(args.det_onnx, args.bbox_thr)
    return whole_image if args.whole_image else None


def _open_inputs(inputs: list[str], boxes: BoxSource) -> FrameSource:
    """Open the inputs: all pictures that a box file names, or what is there."""
    if not isinstance(boxes, BoxFile):
        return open_frames(inputs)
    named = None
    if len(inputs) == 1 and Path(inputs[0]).is_dir():
        named = boxes.pictures_in(Path(inputs[0]))
    frames = named or open_frames(inputs)
    if isinstance(frames, VideoFrames):
        raise InputError(
            f'--bbox-file has boxes of pictures, but {inputs[0]} is a video. '
            'Use --bboxes, --whole-image or a detector.'
        )
    boxes.check_pictures(frames.names)
    return frames


def _usable(frames: FrameSource, boxes: BoxSource, progress: Progress) -> Iterator[Item]:
    """The images that can be read, with their ids and the boxes that can be used."""
    for frame in frames:
        if isinstance(frame, Unreadable):
            progress.skip(frame.name, frame.problem)
            continue
        image_id = frame.number + 1
        if isinstance(boxes, BoxFile):
            image_id = boxes.image_id(frame.name)
            if image_id is None:
                progress.skip(frame.name, f'{boxes.path} does not say where its persons are')
                continue
        found, malformed = boxes(frame)
        persons, unusable = found.split_usable(frame.image)
        for complaint in malformed + unusable:
            progress.skip(frame.name, complaint)
        yield image_id, frame, persons


def _find_poses(model: PoseModel, items: Iterator[Item]) -> Iterator[tuple[Item, ImagePoses]]:
    """Each item with its poses; the model reads some items ahead, to fill its batch."""
    waiting: deque[Item] = deque()

    def inputs() -> Iterator[tuple]:
        for item in items:
            waiting.append(item)
            yield item[1].image, item[2]

    for poses in model.stream(inputs()):
        yield waiting.popleft(), poses
