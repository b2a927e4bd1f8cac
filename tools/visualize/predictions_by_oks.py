# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw the best and the worst predictions by OKS, coloured by confidence."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from mmpose.datasets.datasets.utils import parse_pose_metainfo
from mmpose.datasets.transforms import GetBBoxCenterScale, TopdownAffine
from mmpose.structures.bbox import bbox_xywh2xyxy
from rich.progress import track

from sdpose.apis.frames import read_image
from sdpose.cli import make_parser, run_tool
from sdpose.errors import InputError
from sdpose.evaluation.oks_matches import Match, match_by_oks
from sdpose.json_files import read_json
from sdpose.visualization import draw_poses
from sdpose.visualization.draw_poses import confidence_colors
from sdpose.visualization.figures import check_figure_path, save_figure, show_picture

CROP_SIZE = (192, 256)  # width and height in pixels
PADDING = 1.2  # side of a crop by that of the box
COLUMNS = 6
RIGHT, WRONG = '#1a7f37', '#c62828'

EXAMPLES = """\
  # DistilPose, figure 6
  python tools/test.py CONFIG CHECKPOINT --cfg-options test_evaluator.outfile_prefix=work_dirs/a
  python tools/visualize/predictions_by_oks.py \\
      data/coco/annotations/person_keypoints_val2017.json data/coco/val2017 \\
      work_dirs/a.keypoints.json oks.png --min-keypoints 8

  # what tools/infer.py has written, on CrowdPose
  python tools/visualize/predictions_by_oks.py TRUTH.json data/crowdpose/images \\
      work_dirs/infer/predictions.json oks.pdf --metainfo crowdpose"""


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Draw the best and the worst predictions by OKS, keypoints coloured by confidence.',
        EXAMPLES,
    )
    parser.add_argument('annotations', type=Path, help='ground truth in COCO format')
    parser.add_argument('images', type=Path, help='folder of the images')
    parser.add_argument('predictions', type=Path, help='predictions in COCO results format')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    parser.add_argument(
        '--number', type=int, default=6, help='how many of the best and of the worst (default: 6)'
    )
    parser.add_argument(
        '--threshold', type=float, default=0.5, help='OKS from which one is right (default: 0.5)'
    )
    parser.add_argument(
        '--min-keypoints',
        type=int,
        default=1,
        metavar='K',
        help='leave out persons with fewer labelled keypoints (default: 1)',
    )
    parser.add_argument(
        '--metainfo',
        choices=('coco', 'crowdpose'),
        default='coco',
        help='data set whose skeleton and OKS are used (default: coco)',
    )
    return parser.parse_args(arguments)


def pick(matches: list[Match], number: int) -> tuple[list[Match], list[Match]]:
    """Pick the best and the worst, none of them twice: best first, and worst first.

    Args:
        matches: Largest OKS first.
        number: How many of each, at most.
    """
    best = matches[: min(number, -(-len(matches) // 2))]
    worst = matches[len(best) :][::-1][:number]
    return best, worst


def draw(
    best: list[Match],
    worst: list[Match],
    images: dict[Any, Path],
    skeleton: Sequence[tuple[int, int]],
    threshold: float,
) -> Figure:
    """Draw the best above, the worst below.

    Args:
        best: Best first.
        worst: Worst first.
        images: Id of an image -> its file.
        skeleton: Pairs of keypoints with a limb between them.
        threshold: OKS from which a prediction is right.

    Raises:
        InputError: A picture is missing or broken.
    """
    columns = min(COLUMNS, max(len(best), len(worst), 3))
    rows_of_best, rows_of_worst = (-(-len(matches) // columns) for matches in (best, worst))
    rows = rows_of_best + rows_of_worst
    figure = Figure(figsize=(1.7 * columns + 0.8, 2.75 * rows), layout='constrained')
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis('off')
    shown = [*zip(axes[:rows_of_best].flat, best, strict=False)]
    shown += zip(axes[rows_of_best:].flat, worst, strict=False)
    for axis, match in track(shown, 'Drawing', transient=True):
        _show_match(axis, match, images[match.person['image_id']], skeleton)
        verdict, color = ('right', RIGHT) if match.oks >= threshold else ('wrong', WRONG)
        confidence = np.mean(match.prediction['keypoints'][2::3])
        axis.set_title(
            f'OKS {match.oks:.2f}: {verdict}\nmean confidence {confidence:.2f}',
            fontsize=8,
            color=color,
        )
    colors = confidence_colors(np.linspace(0, 1, 256))[:, ::-1] / 255
    scale = ScalarMappable(cmap=ListedColormap(colors))
    bar = figure.colorbar(scale, ax=axes, shrink=0.5, aspect=40, pad=0.01)
    bar.set_label('confidence; white rings: ground truth', fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def _show_match(axis: Axes, match: Match, path: Path, skeleton: Sequence[tuple[int, int]]) -> None:
    image = read_image(path)
    predicted, true = (
        np.reshape(person['keypoints'], (-1, 3)).astype(float)  # (K, 3)
        for person in (match.prediction, match.person)
    )
    crop, points, true_points = crop_person(image, match.person['bbox'], predicted, true)
    confidence = predicted[None, :, 2]
    drawn = draw_poses(crop, points[None], confidence, skeleton, threshold=-np.inf, legend=False)
    show_picture(axis, drawn[..., ::-1])
    limits = axis.get_xlim(), axis.get_ylim()
    for color, width in (('black', 1.8), ('white', 0.9)):
        x, y = true_points[true[:, 2] > 0].T
        axis.scatter(x, y, s=32, facecolors='none', edgecolors=color, linewidths=width)
    axis.set(xlim=limits[0], ylim=limits[1])


def crop_person(
    image: np.ndarray, box: Sequence[float], *keypoints: np.ndarray
) -> tuple[np.ndarray, ...]:
    """Cut a person out of an image as MMPose does, with more room around it.

    Args:
        image: (H, W, 3), uint8.
        box: x, y, width, height in pixels.
        *keypoints: Each (K, 2) or more columns; x and y in pixels.

    Returns:
        The crop, and x and y (K, 2) of all the keypoints in its pixels.
    """
    points = np.stack([of[:, :2] for of in keypoints])  # (n, K, 2)
    result = dict(
        img=image, bbox=bbox_xywh2xyxy(np.array([box], dtype=np.float32)), keypoints=points
    )
    for transform in (GetBBoxCenterScale(padding=PADDING), TopdownAffine(input_size=CROP_SIZE)):
        result = transform(result)
    return result['img'], *result['transformed_keypoints']


def markdown_table(matches: list[Match], missed: int, threshold: float) -> str:
    """Count persons, and those that are right."""
    right = [match for match in matches if match.oks >= threshold]
    wrong = [match for match in matches if match.oks < threshold]
    lines = [
        '| | persons | mean OKS | mean confidence |\n|---|---|---|---|',
        _row(f'right (OKS >= {threshold:g})', right),
        _row(f'wrong (OKS < {threshold:g})', wrong),
    ]
    if missed:
        lines.append(f'| without a prediction | {missed} | | |')
    return '\n'.join(lines)


def _row(name: str, matches: list[Match]) -> str:
    if not matches:
        return f'| {name} | 0 | | |'
    oks = np.mean([match.oks for match in matches])
    confidence = np.mean([match.prediction['keypoints'][2::3] for match in matches])
    return f'| {name} | {len(matches)} | {oks:.3f} | {confidence:.3f} |'


def read_persons(path: Path, kind: str) -> Any:
    """Read annotations (an object) or predictions (a list).

    Raises:
        InputError: The file is missing, broken, or not of that kind.
    """
    content = read_json(path)
    if kind == 'annotations':
        whole = isinstance(content, dict) and {'images', 'annotations'} <= set(content)
    else:
        whole = isinstance(content, list) and all(isinstance(entry, dict) for entry in content)
    if not whole:
        raise InputError(f"{path} has no {kind} in COCO's format.")
    return content


def main(arguments: Sequence[str] | None = None) -> None:
    """Match, print the table, draw and save."""
    args = parse_args(arguments)
    check_figure_path(args.out)
    if args.number < 1:
        raise InputError(f'--number {args.number}: at least one person is needed.')
    truth = read_persons(args.annotations, 'annotations')
    predictions = read_persons(args.predictions, 'predictions')
    info = f'configs/_base_/datasets/{args.metainfo}.py'
    metainfo = parse_pose_metainfo(dict(from_file=info))
    matches, missed = match_by_oks(
        truth,
        predictions,
        metainfo['sigmas'],
        use_area=args.metainfo == 'coco',
        min_keypoints=args.min_keypoints,
    )
    if not matches:
        raise InputError(f'No person of {args.annotations} has a prediction in {args.predictions}.')
    images = {image['id']: args.images / image['file_name'] for image in truth['images']}
    best, worst = pick(matches, args.number)
    figure = draw(best, worst, images, metainfo['skeleton_links'], args.threshold)
    save_figure(figure, args.out)
    print(markdown_table(matches, missed, args.threshold))
    print(f'\nWrote {args.out}.')


if __name__ == '__main__':
    run_tool(main)
