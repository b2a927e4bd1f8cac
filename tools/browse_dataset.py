# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Show what augmentation and targets really do to the data of a config."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from mmpose.registry import DATASETS
from mmpose.structures.bbox import get_warp_matrix
from rich.progress import track

from sdpose.apis.frames import read_image
from sdpose.cli import (
    add_cfg_options,
    add_data_root,
    load_changed_config,
    make_parser,
    run_tool,
)
from sdpose.engine.data_checks import check_data
from sdpose.errors import InputError, building
from sdpose.visualization.figures import (
    check_figure_path,
    pale,
    save_figure,
    show_over,
    show_picture,
)

SAMPLES_PER_LINE = 2
BOX, REGION = '#ffd000', '#00c8ff'
LEFT, RIGHT, MIDDLE, UNUSED = '#ff7f0e', '#2ca02c', '#1f9fff', '#b0b0b0'

EXAMPLES = """\
  python tools/browse_dataset.py CONFIG sheet.png
  python tools/browse_dataset.py CONFIG sheet.png --number 24 --seed 1 --data-root /data/coco
  python tools/browse_dataset.py CONFIG sheet.pdf --phase val

Each sample has three pictures: the image with the person's box (yellow) and the region that the
network sees (blue), the input with its keypoints (orange: left, green: right, blue: middle), and
the target: heatmaps summed over the keypoints, or coordinates. Keypoints with weight 0, which are
not labelled or lie outside, are grey crosses, moved to the border if they lie beyond it."""


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser(
        'Show samples of a data set as images, as inputs of the network and as targets.', EXAMPLES
    )
    parser.add_argument('config', help='config file')
    parser.add_argument('out', type=Path, help='sheet to write (.png, .pdf, .jpg)')
    parser.add_argument('--phase', choices=('train', 'val', 'test'), default='train')
    parser.add_argument('--number', type=int, default=12, help='how many samples (default: 12)')
    parser.add_argument(
        '--seed', type=int, default=0, help='of the choice of samples and of augmentation'
    )
    add_data_root(parser)
    add_cfg_options(parser, 'train_dataloader.dataset.pipeline.2.prob=0')
    return parser.parse_args(arguments)


def load_samples(cfg: Config, phase: str, num: int, seed: int) -> list[tuple[dict, dict]]:
    """Draw samples of a phase's data set and send them through its pipeline.

    Args:
        cfg: The config.
        phase: ``train``, ``val`` or ``test``.
        num: How many samples, at most.
        seed: Of the choice and of augmentation; a sample is augmented the same whatever ``num`` is.

    Returns:
        For each sample what the annotations say of it, and what the pipeline makes of that, just
        before it is packed.

    Raises:
        InputError: The data set cannot be built, is empty, or is not top-down.
    """
    check_data(cfg, [phase])
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    with building(cfg.filename or 'The config'):
        dataset = DATASETS.build(cfg[f'{phase}_dataloader'].dataset)
    while hasattr(dataset, 'dataset'):  # wrappers, such as RepeatDataset
        dataset = dataset.dataset
    if not len(dataset):
        raise InputError(f'The {phase} data set has no persons.')
    if seed < 0:
        raise InputError(f'--seed {seed}: it must not be negative.')
    order = np.random.default_rng(seed).permutation(len(dataset))
    transforms = [t for t in dataset.pipeline.transforms if type(t).__name__ != 'PackPoseInputs']
    samples = []
    for index in track(order[:num].tolist(), 'Reading', transient=True):
        annotation = dataset.get_data_info(index)
        set_random_seed(seed + index)
        result = dataset.get_data_info(index)
        for transform in transforms:
            result = transform(result)
        if 'input_center' not in result:
            raise InputError('Only top-down data sets can be shown: one person a sample.')
        samples.append((annotation, result))
    return samples


def draw(samples: list[tuple[dict, dict]]) -> Figure:
    """Draw the sheet: two pictures a sample, three where there are targets."""
    has_target = any('keypoint_weights' in result for _, result in samples)
    pictures = 3 if has_target else 2  # of a sample
    lines = -(-len(samples) // SAMPLES_PER_LINE)
    columns = pictures * min(SAMPLES_PER_LINE, len(samples))
    figure = Figure(figsize=(2.1 * columns, 2.75 * lines + 0.1), layout='constrained')
    axes = figure.subplots(lines, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis('off')
    panels = axes.reshape(-1, pictures)
    for of_sample, (annotation, result) in zip(panels, samples, strict=False):
        for axis in of_sample:
            axis.axis('on')
        _show_image(of_sample[0], annotation, result)
        _show_input(of_sample[1], result)
        if has_target:
            _show_target(of_sample[2], result)
    return figure


def _show_image(axis: Axes, annotation: dict, result: dict) -> None:
    image = read_image(annotation['img_path'])
    show_picture(axis, image[..., ::-1])
    left, top, right, bottom = annotation['bbox'][0]
    corners = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    axis.plot(*_closed(corners), color=BOX, linewidth=1.5)
    axis.plot(*_closed(seen_region(result, image.shape[1])), color=REGION, linewidth=1.5)
    axis.set(xlim=(-0.5, image.shape[1] - 0.5), ylim=(image.shape[0] - 0.5, -0.5))
    axis.set_title(Path(annotation['img_path']).name, fontsize=7)


def seen_region(result: dict, image_width: int) -> np.ndarray:
    """Corners (4, 2) of the region that the network sees, in pixels of the image on disk."""
    width, height = result['input_size']
    rotation = float(result['bbox_rotation'][0]) if 'bbox_rotation' in result else 0.0
    to_image = get_warp_matrix(
        result['input_center'], result['input_scale'], rotation, (width, height), inv=True
    )
    corners = np.array([[[0, 0], [width, 0], [width, height], [0, height]]], dtype=float)
    region = cv2.transform(corners, to_image)[0]
    if result.get('flip'):
        region[:, 0] = image_width - 1 - region[:, 0]
    return region


def _show_input(axis: Axes, result: dict) -> None:
    show_picture(axis, result['img'][..., ::-1])
    if np.ndim(result.get('transformed_keypoints', 0)) == 3:  # detected boxes come without any
        visible = np.reshape(result['keypoints_visible'][0], (len(_colors(result)), -1))[:, 0] > 0
        _show_keypoints(axis, result, result['transformed_keypoints'][0, :, :2], visible)
    axis.set_title(augmentation(result), fontsize=7)


def augmentation(result: dict) -> str:
    """Tell in words what the pipeline has done to a person."""
    turned = (
        f'rotated {float(result["bbox_rotation"][0]):+.0f}°' if 'bbox_rotation' in result else ''
    )
    flipped = 'mirrored' if result.get('flip') else ''
    return ', '.join(part for part in (flipped, turned) if part) or 'input'


def _show_target(axis: Axes, result: dict) -> None:
    picture = result['img'][..., ::-1]
    counted = result['keypoint_weights'][0] > 0  # (K,)
    if 'heatmaps' in result and np.ndim(result['heatmaps']) == 3:
        total = result['heatmaps'].sum(axis=0)  # (h, w)
        show_over(axis, picture, total, maximum=total.max())
        kind = 'heatmaps'
    elif 'keypoint_labels' in result:
        show_picture(axis, pale(picture))
        labels = result['keypoint_labels'][0] * result['input_size']  # (K, 2), pixels
        _show_keypoints(axis, result, labels, counted)
        kind = 'coordinates'
    else:
        show_picture(axis, pale(picture))
        kind = 'targets (of an unknown kind)'
    axis.set_title(f'{kind} of {np.count_nonzero(counted)}/{len(counted)} keypoints', fontsize=7)


def _show_keypoints(axis: Axes, result: dict, points: np.ndarray, counted: np.ndarray) -> None:
    """Draw keypoints (K, 2): those that count as dots, the others as crosses in the picture."""
    width, height = result['input_size']
    limits = axis.get_xlim(), axis.get_ylim()
    x, y = points[~counted].clip(0, (width - 1, height - 1)).T
    axis.scatter(
        x, y, 42, UNUSED, marker='X', linewidths=0.6, edgecolors='black', clip_on=False, zorder=3
    )
    x, y = points[counted].T
    axis.scatter(x, y, 14, _colors(result)[counted], linewidths=0.5, edgecolors='black', zorder=3)
    axis.set(xlim=limits[0], ylim=limits[1])


def _colors(result: dict) -> np.ndarray:
    """(K,): by the side of the body."""
    flip_indices: list[Any] = result['flip_indices']
    colors = np.full(len(flip_indices), MIDDLE)
    for left, right in result['flip_pairs']:
        colors[left], colors[right] = LEFT, RIGHT
    return colors


def _closed(corners: np.ndarray) -> np.ndarray:
    """(2, 5): x and y of a closed line through corners (4, 2)."""
    return np.concatenate([corners, corners[:1]]).T


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw and save."""
    args = parse_args(arguments)
    check_figure_path(args.out)
    if args.number < 1:
        raise InputError(f'--number {args.number}: at least one sample is needed.')
    cfg = load_changed_config(args)
    if f'{args.phase}_dataloader' not in cfg:
        raise InputError(f'{args.config} has no {args.phase}_dataloader.')
    save_figure(draw(load_samples(cfg, args.phase, args.number, args.seed)), args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    run_tool(main)
