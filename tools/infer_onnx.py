# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Find poses with an exported model: onnxruntime, numpy and OpenCV, no PyTorch and no MMPose."""

import argparse
import json
import sys
import time
from pathlib import Path

try:
    import cv2
    import numpy as np
    import onnxruntime  # noqa: F401
except ImportError as error:
    sys.exit(
        f'Error: {error.name} is missing: pip install numpy opencv-python-headless onnxruntime'
    )

from onnx_runtime.boxes import BoxFile, PersonBox, number_in_name, parse_box
from onnx_runtime.draw import draw_persons
from onnx_runtime.errors import InputError
from onnx_runtime.pose_model import PoseModel, read_image

EXAMPLES = """\
examples:
  python tools/infer_onnx.py model.onnx person.jpg --whole-image
  python tools/infer_onnx.py model.onnx street.jpg --bboxes 20,30,100,240 150,28,90,250
  python tools/infer_onnx.py model.onnx data/coco/val2017/*.jpg --bbox-thr 0.5 \\
      --bbox-file data/coco/person_detection_results/COCO_val2017_detections_AP_H_56_person.json"""
# MMPose's CocoMetric: keypoints with a lower score do not count for the score of the person
COUNTED_SCORE = 0.2


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description='Find poses with a model of tools/export_onnx.py. Needs only onnxruntime, '
        'numpy and OpenCV: to deploy it copy infer_onnx.py, onnx_runtime/ and the model.',
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument('model', type=Path, help='.onnx file, with its .json file beside it')
    parser.add_argument('images', type=Path, nargs='+', metavar='IMAGE', help='pictures')
    persons = parser.add_mutually_exclusive_group(required=True)
    persons.add_argument('--whole-image', action='store_true', help='one person fills the image')
    persons.add_argument(
        '--bboxes', nargs='+', metavar='x,y,w,h', help='boxes of the persons, of a single image'
    )
    persons.add_argument(
        '--bbox-file', type=Path, help='boxes in COCO format: ground truth or detections (.json)'
    )
    parser.add_argument(
        '--bbox-thr',
        type=float,
        default=0.0,
        help='leave out boxes of --bbox-file with a lower score (default: 0)',
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('onnx_poses'),
        help='folder for pictures and predictions.json (default: onnx_poses)',
    )
    parser.add_argument(
        '--kpt-thr', type=float, default=0.3, help='draw no weaker keypoints (default: 0.3)'
    )
    parser.add_argument('--threads', type=int, default=0, help='0 (default) takes all cores')
    parser.add_argument('--batch-size', type=int, default=16, help='persons at once (default: 16)')
    return parser.parse_args()


def check(args: argparse.Namespace) -> None:
    """Refuse options that cannot work, before anything is written."""
    if args.bboxes and len(args.images) > 1:
        raise InputError(
            f'--bboxes are boxes of one image, but {len(args.images)} images are given. '
            'Give those of several images in a file: --bbox-file.'
        )
    if args.threads < 0 or args.batch_size < 1:
        raise InputError('--threads must not be negative, and --batch-size must be at least 1.')
    names = [path.stem for path in args.images]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice:
        raise InputError(f'Two images are called {twice}: give one of them another name.')
    for path in args.images:
        if not path.is_file():
            raise InputError(f'The image {path} is missing or broken.')


def coco_results(
    name: Path, image_id: int, persons: list[PersonBox], keypoints: np.ndarray, scores: np.ndarray
) -> list[dict]:
    """Put the persons of one image into COCO's results format.

    The score of a person is that of its box times the mean score of its keypoints above 0.2, as in
    MMPose's CocoMetric.
    """
    results = []
    for person, points, confidence in zip(persons, keypoints, scores, strict=True):
        counted = confidence[confidence > COUNTED_SCORE]
        score = person.score * float(counted.mean()) if len(counted) else 0.0
        triples = np.concatenate([points, confidence[:, None]], axis=1)  # (K, 3)
        results.append(
            dict(
                image_id=image_id,
                file_name=name.name,
                category_id=1,
                keypoints=triples.astype(float).round(4).ravel().tolist(),
                score=round(score, 6),
                bbox=list(person.box),
            )
        )
    return results


def infer(args: argparse.Namespace, results: list[dict]) -> float:
    """Find the poses in all images, draw them, and add them to the results.

    Returns:
        Seconds for crops, model and decoding.
    """
    given = [parse_box(box) for box in args.bboxes or []]
    box_file = BoxFile(args.bbox_file, args.bbox_thr) if args.bbox_file else None
    model = PoseModel(args.model, args.threads, args.batch_size)
    args.out_dir.mkdir(parents=True, exist_ok=True)
    seconds = 0.0
    for number, path in enumerate(args.images, start=1):
        image = read_image(path)
        persons = box_file(path) if box_file else given
        if args.whole_image:
            persons = [PersonBox((0.0, 0.0, float(image.shape[1]), float(image.shape[0])))]
        image_id = box_file.image_id(path) if box_file else number_in_name(path)
        start = time.perf_counter()
        keypoints, scores = model(image, [person.box for person in persons])
        seconds += time.perf_counter() - start
        image_id = number if image_id is None else image_id
        results += coco_results(path, image_id, persons, keypoints, scores)
        picture = draw_persons(image, keypoints, scores, model.card, args.kpt_thr)
        cv2.imwrite(str(args.out_dir / f'{path.stem}.jpg'), picture)
        if sys.stderr.isatty():
            sys.stderr.write(f'\r{number}/{len(args.images)} images')
            sys.stderr.write('\n' * (number == len(args.images)))
    return seconds


def main() -> None:
    """Find, draw and save."""
    args = parse_args()
    check(args)
    predictions = args.out_dir / 'predictions.json'
    results: list[dict] = []
    try:
        seconds = infer(args, results)
    finally:  # a broken image or Ctrl-C loses nothing
        if args.out_dir.is_dir():
            predictions.write_text(json.dumps(results))
    print(f'{len(results)} persons in {len(args.images)} images', end='')
    if results:
        print(f', {1000 * seconds / len(results):.1f} ms a person (crop, model, decoding)', end='')
    print(f'. Wrote {predictions} and the pictures.')


if __name__ == '__main__':
    try:
        main()
    except InputError as error:
        sys.exit(f'Error: {error}')
    except KeyboardInterrupt:
        sys.exit(130)
