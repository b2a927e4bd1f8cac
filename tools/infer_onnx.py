# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find poses with an exported model: onnxruntime, numpy and OpenCV, no PyTorch and no MMPose."""

import argparse
import re
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import cv2  # noqa: F401
    import numpy as np
    import onnxruntime  # noqa: F401
except ImportError as error:
    sys.exit(
        f'Error: {error.name} is missing: pip install numpy opencv-python-headless onnxruntime'
    )

from onnx_runtime.box_file import BoxFile
from onnx_runtime.boxes import PersonBoxes, parse_box, whole_image
from onnx_runtime.draw import draw_persons
from onnx_runtime.errors import InputError
from onnx_runtime.images import ImageFile, find_images, read_image
from onnx_runtime.pose_files import PoseFiles, check_targets, coco_results
from onnx_runtime.pose_model import PoseModel

SOMETHING_SKIPPED = 3  # exit status; 2 is a wrong command line

EXAMPLES = """\
examples:
  python tools/infer_onnx.py model.onnx person.jpg --whole-image
  python tools/infer_onnx.py model.onnx street.jpg --bboxes 20,30,100,240 150,28,90,250
  python tools/infer_onnx.py model.onnx 'crops/**/*.png' --whole-image --no-draw
  python tools/infer_onnx.py model.onnx data/coco/val2017 \\
      --bbox-file data/coco/annotations/person_keypoints_val2017.json

exit status:
  0 all is done, 1 wrong input, 2 wrong command line, 3 done, but something was broken and skipped
  (its lines begin with "Skipped"), 130 interrupted: what was written so far is kept"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Find poses with a model of tools/export_onnx.py. Needs only onnxruntime, '
        'numpy and OpenCV: to deploy it copy infer_onnx.py, onnx_runtime/ and the model.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('model', type=Path, help='.onnx file, with its .json file beside it')
    parser.add_argument(
        'inputs', nargs='+', metavar='INPUT', help='pictures, folders or globs in quotes'
    )
    _add_person_options(parser)
    parser.add_argument(
        '--kpt-thr', type=float, default=0.3, help='least score of drawn keypoints (default: 0.3)'
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/infer_onnx'),
        help='folder of predictions.json, images.json and pictures/, drawn with colours from blue, '
        'score 0, to red, score 1 (default: work_dirs/infer_onnx)',
    )
    parser.add_argument('--no-draw', action='store_true', help='write only the .json files')
    parser.add_argument('--threads', type=int, default=0, help='0 (default) takes all cores')
    parser.add_argument('--batch-size', type=int, default=32, help='persons at once (default: 32)')
    # argparse takes a box that begins with a negative number for an option
    words = [f' {word}' if re.match(r'-[\d.]+,', word) else word for word in sys.argv[1:]]
    return parser.parse_args(words)


def _add_person_options(parser: argparse.ArgumentParser) -> None:
    persons = parser.add_mutually_exclusive_group(required=True)
    persons.add_argument('--whole-image', action='store_true', help='one person fills the image')
    persons.add_argument(
        '--bboxes', nargs='+', metavar='X,Y,W,H', help='boxes in pixels, the same in every image'
    )
    persons.add_argument(
        '--bbox-file',
        type=Path,
        help='COCO ground truth or detections (.json); with a folder as INPUT, all images that it '
        'names are read from there',
    )
    parser.add_argument(
        '--image-names',
        type=Path,
        metavar='JSON',
        help='file with the id and file_name of the images, e.g. the ground truth, for detections '
        "in --bbox-file; without it, the number in a picture's name is its id",
    )
    parser.add_argument(
        '--bbox-thr', type=float, default=0.3, help='least score of detected boxes (default: 0.3)'
    )


class Progress:
    """A counter on a terminal, and what was skipped.

    Args:
        total: How many images there are.
    """

    def __init__(self, total: int) -> None:
        self.total = total
        self.skipped: dict[str, None] = {}
        self._is_terminal = sys.stderr.isatty()

    def show(self, done: int) -> None:
        """Show how many images are done."""
        if self._is_terminal:
            sys.stderr.write(f'\r{done}/{self.total} images' + '\n' * (done == self.total))

    def skip(self, name: str, problem: str) -> None:
        """Report what is left out; the same thing only once."""
        message = f'Skipped: {name}: {problem}.'
        if message not in self.skipped:
            self.skipped[message] = None
            sys.stderr.write('\r' * self._is_terminal + f'{message}\n')


class Persons:
    """Where the persons are: the one way that was asked for.

    Args:
        args: The command line.

    Raises:
        InputError: The boxes cannot be used.
    """

    def __init__(self, args: argparse.Namespace) -> None:
        if args.image_names and not args.bbox_file:
            raise InputError('--image-names says which images the boxes of --bbox-file belong to.')
        self.file: BoxFile | None = None
        self._given: PersonBoxes | None = None
        if args.bbox_file:
            self.file = BoxFile(args.bbox_file, args.bbox_thr, args.image_names)
        elif args.bboxes:
            self._given = PersonBoxes.of([parse_box(text) for text in args.bboxes])

    def images(self, inputs: list[str]) -> list[ImageFile]:
        """The pictures: all that a box file names in a folder, or what is there."""
        named = None
        if self.file and len(inputs) == 1 and Path(inputs[0]).is_dir():
            named = self.file.pictures_in(Path(inputs[0]))
        return find_images(inputs) if named is None else named

    def of(self, image_id: Any, image: np.ndarray) -> tuple[PersonBoxes, list[str]]:
        """The usable boxes in an image (H, W, 3), and what is wrong with the others."""
        malformed: list[str] = []
        boxes = self._given or whole_image(image)
        if self.file:
            boxes, malformed = self.file.boxes_of(image_id, image)
        usable, complaints = boxes.split_usable(*image.shape[:2])
        return usable, malformed + complaints


def readable(
    images: list[ImageFile], persons: Persons, progress: Progress
) -> Iterator[tuple[Any, ImageFile, np.ndarray, PersonBoxes]]:
    """The pictures that can be read, with their ids and the boxes that can be used."""
    for number, file in enumerate(images, start=1):
        image_id = persons.file.image_id(file.name) if persons.file else number
        try:
            image = read_image(file.path)
            if persons.file and image_id is None:
                raise InputError(f'{persons.file.path} does not say where its persons are')
        except InputError as error:
            progress.skip(file.name, str(error))
        else:
            boxes, complaints = persons.of(image_id, image)
            for complaint in complaints:
                progress.skip(file.name, complaint)
            yield image_id, file, image, boxes
        progress.show(number)


def infer(args: argparse.Namespace) -> int:
    """Find the poses in all images, write and draw them.

    Returns:
        The exit status.
    """
    if args.threads < 0 or args.batch_size < 1:
        raise InputError('--threads must not be negative, and --batch-size must be at least 1.')
    persons = Persons(args)
    images = persons.images(args.inputs)
    read = (args.model, args.model.with_suffix('.json'), args.bbox_file, args.image_names)
    check_targets(args.out_dir, images, filter(None, read))
    model = PoseModel(args.model, args.threads, args.batch_size)
    files, progress = PoseFiles(args.out_dir), Progress(len(images))
    seconds = 0.0
    try:
        for image_id, file, image, boxes in readable(images, persons, progress):
            start = time.perf_counter()
            keypoints, scores = model(image, boxes.boxes)
            seconds += time.perf_counter() - start
            files.add(image_id, file.name, image, coco_results(image_id, boxes, keypoints, scores))
            if not args.no_draw:
                skeleton = model.card['skeleton']
                drawn = draw_persons(image, keypoints, scores, skeleton, args.kpt_thr)
                if problem := files.draw(file.name, drawn):
                    progress.skip(file.name, problem)
    finally:
        files.save()
    print(f'Wrote {files.num_persons} poses in {files.num_images} images to {files.predictions}.')
    if files.num_persons:
        print(f'{1000 * seconds / files.num_persons:.1f} ms a person: crop, model and decoding.')
    if progress.skipped:
        sys.stderr.write(f'{len(progress.skipped)} things were skipped, see above.\n')
        return SOMETHING_SKIPPED
    return 0


def interrupt_on_termination() -> None:
    """Let ``kill`` and a closed terminal end the run as Ctrl-C does: with all files whole."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    for name in ('SIGTERM', 'SIGHUP'):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), interrupt)


def main() -> int:
    """Run the command and return its exit status."""
    args = parse_args()
    interrupt_on_termination()
    try:
        return infer(args)
    except InputError as error:
        sys.stderr.write(f'Error: {error}\n')
        return 1
    except KeyboardInterrupt:
        sys.stderr.write('\nInterrupted; what was written so far is kept.\n')
        return 130


if __name__ == '__main__':
    sys.exit(main())
