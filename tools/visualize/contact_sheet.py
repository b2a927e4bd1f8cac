# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw predictions beside the ground truth, several images on one sheet."""

import argparse
from collections import defaultdict
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from matplotlib import pyplot as plt
from mmengine.structures import InstanceData
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.structures import PoseDataSample
from mmpose.visualization import PoseLocalVisualizer
from rich.progress import track

from sdpose.cli import make_parser, run_tool
from sdpose.errors import InputError
from sdpose.json_files import read_json

mpl.use('Agg')

EXAMPLES = """\
  python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=work_dirs/a
  python tools/visualize/contact_sheet.py data/coco/annotations/person_keypoints_val2017.json \\
      data/coco/val2017 work_dirs/a.keypoints.json sheet.png"""


def parse_args() -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser('Draw predictions beside the ground truth.', EXAMPLES)
    parser.add_argument('annotations', type=Path, help='ground truth in COCO format')
    parser.add_argument('images', type=Path, help='folder of the images')
    parser.add_argument('predictions', type=Path, help='predictions in COCO results format')
    parser.add_argument('out', type=Path, help='picture to write (.png, .pdf)')
    parser.add_argument('--number', type=int, default=8, help='how many images (default: 8)')
    parser.add_argument(
        '--min-score', type=float, default=0.2, help='leave out weaker persons (default: 0.2)'
    )
    parser.add_argument(
        '--metainfo',
        choices=('coco', 'crowdpose'),
        default='coco',
        help='data set whose skeleton is drawn (default: coco)',
    )
    return parser.parse_args()


def by_image(persons: list[dict]) -> dict[int, list[dict]]:
    """Group annotations or predictions by image."""
    grouped = defaultdict(list)
    for person in persons:
        grouped[person['image_id']].append(person)
    return grouped


def draw_persons(
    visualizer: PoseLocalVisualizer, image: np.ndarray, persons: list[dict]
) -> np.ndarray:
    """Draw the keypoints of some persons.

    Args:
        visualizer: MMPose's visualizer, with the data set's skeleton.
        image: (H, W, 3), RGB, 0..255.
        persons: COCO annotations or results; K keypoints as x, y, v. Where v is 0, nothing is
            drawn.

    Returns:
        The picture, of the same shape.
    """
    if not persons:
        return image
    keypoints = np.array([person['keypoints'] for person in persons], dtype=float)
    keypoints = keypoints.reshape(len(persons), -1, 3)  # (N, K, 3)
    sample = PoseDataSample(
        pred_instances=InstanceData(
            keypoints=keypoints[..., :2], keypoint_scores=(keypoints[..., 2] > 0).astype(float)
        )
    )
    visualizer.add_datasample(
        'sheet', image, sample, draw_gt=False, draw_bbox=False, draw_heatmap=False
    )
    return visualizer.get_image()


def make_sheet(args: argparse.Namespace) -> plt.Figure:
    """Draw images in pairs: ground truth, prediction."""
    if args.number < 1:
        raise InputError(f'--number {args.number}: at least one image is needed.')
    truth = read_json(args.annotations)
    predictions = by_image(read_json(args.predictions))
    persons = by_image([a for a in truth['annotations'] if a.get('num_keypoints', 1)])
    shown = [image for image in truth['images'] if image['id'] in persons]
    if not shown:
        raise InputError(f'{args.annotations} has no person with keypoints.')
    picks = np.linspace(0, len(shown) - 1, min(args.number, len(shown))).round().astype(int)
    visualizer = PoseLocalVisualizer(radius=2, line_width=2)
    info = f'configs/_base_/datasets/{args.metainfo}.py'
    visualizer.set_dataset_meta(parse_pose_metainfo(dict(from_file=info)), skeleton_style='mmpose')

    columns = 4
    rows = -(-2 * len(picks) // columns)
    figure, axes = plt.subplots(
        rows, columns, figsize=(12, 3 * rows), squeeze=False, layout='constrained'
    )
    for axis in axes.flat:
        axis.axis('off')
    pairs = axes.reshape(-1, 2)
    for pair, pick in track(
        zip(pairs, picks, strict=False), 'Drawing', total=len(picks), transient=True
    ):
        record = shown[pick]
        path = args.images / record['file_name']
        image = cv2.imread(str(path))
        if image is None:
            raise InputError(f'The image {path} is missing or broken.')
        image = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
        found = [p for p in predictions[record['id']] if p['score'] >= args.min_score]
        for axis, title, drawn in zip(
            pair,
            ('ground truth', 'prediction'),
            (persons[record['id']], found),
            strict=True,
        ):
            axis.imshow(draw_persons(visualizer, image, drawn))
            axis.set_title(f'{record["file_name"]}: {title}', fontsize='x-small')
    return figure


def main() -> None:
    """Draw and save."""
    args = parse_args()
    figure = make_sheet(args)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(args.out, dpi=100)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    run_tool(main)
