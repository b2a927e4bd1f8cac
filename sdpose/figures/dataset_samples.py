# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""What augmentation and targets really do to the data of a config."""

from pathlib import Path

import cv2
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import set_random_seed

import sdpose.plugin  # noqa: F401  lets MMPose import

# isort: split
from mmpose.registry import DATASETS, KEYPOINT_CODECS
from mmpose.structures.bbox import get_warp_matrix
from rich.progress import track

from sdpose.engine.data_checks import check_data
from sdpose.errors import InputError, blame_config
from sdpose.figures.canvas import BOX, make_panels, pale, show_over, show_picture, side_colors
from sdpose.figures.options import check_number
from sdpose.models.gaussian_heatmaps import draw_heatmaps
from sdpose.runtime.frames import read_image

SAMPLES_PER_LINE = 2
REGION, UNUSED = '#00c8ff', '#b0b0b0'


def load_samples(cfg: Config, phase: str, number: int, seed: int) -> list[tuple[dict, dict]]:
    """Draw samples of a phase's data set and send them through its pipeline.

    Args:
        cfg: The config.
        phase: ``train``, ``val`` or ``test``.
        number: How many samples, at most.
        seed: Of the choice and of augmentation; a sample is augmented the same whatever ``number``
            is.

    Returns:
        For each sample what the annotations say of it, and what the pipeline makes of that, just
        before it is packed, with the heatmaps that a head draws of coordinates.

    Raises:
        InputError: There is no such data set, it cannot be built, is empty, or is not top-down;
            or ``number`` or ``seed`` are too small or too large.
    """
    name = cfg.filename or 'The config'
    check_number(number, 'sample')
    if seed < 0:
        raise InputError(f'--seed {seed}: it must not be negative.')
    if f'{phase}_dataloader' not in cfg:
        raise InputError(f'{name} has no {phase}_dataloader.')
    check_data(cfg, [phase])
    init_default_scope(cfg.get('default_scope', 'mmpose'))
    with blame_config(name):
        dataset = DATASETS.build(cfg[f'{phase}_dataloader'].dataset)
    while hasattr(dataset, 'dataset'):  # wrappers, such as RepeatDataset
        dataset = dataset.dataset
    if not len(dataset):
        raise InputError(f'The {phase} data set has no persons.')
    order = np.random.default_rng(seed).permutation(len(dataset))[:number]
    transforms = [t for t in dataset.pipeline.transforms if type(t).__name__ != 'PackPoseInputs']
    samples = []
    for index in track(order.tolist(), 'Reading', transient=True):
        annotation = dataset.get_data_info(index)
        set_random_seed(seed + index)
        result = dataset.get_data_info(index)
        for transform in transforms:
            result = transform(result)
        if 'input_center' not in result:
            raise InputError('Only top-down data sets can be shown: one person a sample.')
        samples.append((annotation, {**result, **_drawn_by_head(cfg, result)}))
    return samples


def _drawn_by_head(cfg: Config, result: dict) -> dict:
    """Heatmaps and weights, where the head draws targets of the coordinates that it gets."""
    if 'input_keypoints' not in result:
        return {}
    codec = KEYPOINT_CODECS.build(cfg.model.head.decoder)
    keypoints, weights = (
        torch.as_tensor(result[name]) for name in ('input_keypoints', 'keypoint_weights')
    )
    heatmaps, weights = draw_heatmaps(
        keypoints, weights, codec.input_size, codec.heatmap_size, codec.sigma
    )
    return dict(heatmaps=heatmaps[0].numpy(), keypoint_weights=weights.numpy())


def draw_samples(samples: list[tuple[dict, dict]]) -> Figure:
    """Draw the sheet: two pictures a sample, three where there are targets."""
    has_target = any('keypoint_weights' in result for _, result in samples)
    pictures = 3 if has_target else 2  # of a sample
    lines = -(-len(samples) // SAMPLES_PER_LINE)
    columns = pictures * min(SAMPLES_PER_LINE, len(samples))
    figure, axes = make_panels(lines, columns, (2.1 * columns, 2.75 * lines + 0.1))
    for panels, sample in zip(axes.reshape(-1, pictures), samples, strict=False):
        for axis in panels:
            axis.axis('on')
        _show_image(panels[0], *sample)
        _show_input(panels[1], sample[1])
        if has_target:
            _show_target(panels[2], sample[1])
    return figure


def _show_image(axis: Axes, annotation: dict, result: dict) -> None:
    image = read_image(annotation['img_path'])
    show_picture(axis, image[..., ::-1])
    left, top, right, bottom = annotation['bbox'][0]
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    for corners, color in ((box, BOX), (seen_region(result, image.shape[1]), REGION)):
        axis.plot(*np.concatenate([corners, corners[:1]]).T, color=color, linewidth=1.5)
    axis.set_title(Path(annotation['img_path']).name, fontsize=7, parse_math=False)


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
    parts = ['mirrored'] if result.get('flip') else []
    if 'bbox_rotation' in result:
        parts.append(f'rotated {float(result["bbox_rotation"][0]):+.0f}°')
    return ', '.join(parts) or 'input'


def _show_target(axis: Axes, result: dict) -> None:
    picture = result['img'][..., ::-1]
    counted = result['keypoint_weights'][0] > 0  # (K,)
    if 'heatmaps' in result and np.ndim(result['heatmaps']) == 3:
        kind = 'heatmaps'
        total = result['heatmaps'].sum(axis=0)  # (h, w)
        show_over(axis, picture, total, maximum=total.max())
    else:
        kind = 'coordinates' if 'keypoint_labels' in result else 'targets (of an unknown kind)'
        show_picture(axis, pale(picture))
        if 'keypoint_labels' in result:
            labels = result['keypoint_labels'][0] * result['input_size']  # (K, 2), pixels
            _show_keypoints(axis, result, labels, counted)
    axis.set_title(f'{kind} of {np.count_nonzero(counted)}/{len(counted)} keypoints', fontsize=7)


def _show_keypoints(axis: Axes, result: dict, points: np.ndarray, counted: np.ndarray) -> None:
    """Draw keypoints (K, 2): those that count as dots, the others as crosses in the picture."""
    width, height = result['input_size']
    x, y = points[~counted].clip(0, (width - 1, height - 1)).T
    axis.scatter(
        x, y, 42, UNUSED, marker='X', linewidths=0.6, edgecolors='black', clip_on=False, zorder=3
    )
    x, y = points[counted].T
    axis.scatter(x, y, 14, _colors(result)[counted], linewidths=0.5, edgecolors='black', zorder=3)


def _colors(result: dict) -> np.ndarray:
    return side_colors(len(result['flip_indices']), result['flip_pairs'])
