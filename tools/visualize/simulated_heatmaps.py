# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Draw a DistilPose student's simulated heatmaps below its teacher's."""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure

import sdpose  # noqa: F401  lets MMPose import

# isort: split
from sdpose.cli import make_parser, parse_args_with_boxes, run_tool
from sdpose.errors import InputError
from sdpose.models.losses.simulated_heatmap_loss import check_same_keypoints, simulate_heatmaps
from sdpose.models.pose_estimators import DistilPose
from sdpose.visualization.figures import check_figure_path, save_figure, show_over, show_picture
from sdpose.visualization.person_crop import (
    PersonCrop,
    add_person_arguments,
    find_keypoints,
    load_person,
)

SOME_KEYPOINTS = ('nose', 'left_shoulder', 'right_wrist', 'left_hip', 'right_knee', 'left_ankle')

EXAMPLES = """\
  # DistilPose, figure 5
  python tools/visualize/simulated_heatmaps.py CONFIG CHECKPOINT person.jpg heatmaps.png \\
      --cfg-options model.teacher.checkpoint=teacher.pth
  python tools/visualize/simulated_heatmaps.py CONFIG CHECKPOINT street.jpg wrists.pdf \\
      --bbox 20,30,100,240 --keypoint left_wrist right_wrist"""


class HeatmapPair(NamedTuple):
    """What teacher and student make of one person.

    Attributes:
        teacher: (K, H, W).
        student: (K, H, W), simulated from the student's coordinates and sigmas.
        coordinate: (K, 2), the student's, x and y in [0, 1] of the input.
        sigma: (K, 2), the student's, along x and y, in pixels of the heatmap.
        confidence: (K,), the student's.
    """

    teacher: np.ndarray
    student: np.ndarray
    coordinate: np.ndarray
    sigma: np.ndarray
    confidence: np.ndarray


def parse_args(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = make_parser("Draw a student's simulated heatmaps below its teacher's.", EXAMPLES)
    add_person_arguments(parser)
    return parse_args_with_boxes(parser, arguments)


@torch.no_grad()
def heatmap_pair(model: DistilPose, inputs: torch.Tensor) -> HeatmapPair:
    """Compute the heatmaps of teacher and student (DistilPose section 3).

    Args:
        model: The student, in evaluation mode.
        inputs: One normalized image, (1, 3, H, W).

    Raises:
        InputError: The teacher cannot be loaded, or has other keypoints.
    """
    teacher = model.teacher(inputs).heatmap  # (1, K, H, W)
    output = model.head(model.extract_feat(inputs))
    check_same_keypoints(output.coordinate, teacher)
    height, width = teacher.shape[2:]
    student = simulate_heatmaps(output.coordinate, output.sigma, (height, width))
    confidence = output.confidence[..., 0]  # (1, K)
    found = (teacher, student, output.coordinate, output.sigma, confidence)
    return HeatmapPair(*(tensor[0].cpu().numpy() for tensor in found))


def draw(crop: PersonCrop, heatmaps: HeatmapPair, keypoints: dict[str, int]) -> Figure:
    """Draw one column a keypoint: the teacher above, the student below.

    Args:
        crop: The person.
        heatmaps: Of that person.
        keypoints: Name -> number.
    """
    height, width = crop.picture.shape[:2]
    panel = 1.7
    columns = 1 + len(keypoints)
    figure = Figure(
        figsize=(panel * columns + 1, 2 * (panel * height / width + 0.42)),
        layout='constrained',
    )
    axes = figure.subplots(2, columns, squeeze=False)
    show_picture(axes[0, 0], crop.picture)
    axes[0, 0].set_title('input', fontsize=8)
    axes[1, 0].axis('off')
    for (above, below), (name, index) in zip(axes[:, 1:].T, keypoints.items(), strict=True):
        show_over(above, crop.picture, np.maximum(heatmaps.teacher[index], 0), maximum=1)
        above.set_title(f'{name}\nmax {heatmaps.teacher[index].max():.2f}', fontsize=8)
        image = show_over(below, crop.picture, heatmaps.student[index], maximum=1)
        x, y = heatmaps.coordinate[index] * (width, height)
        below.plot(x, y, '+', color='white', markersize=5)  # a small sigma leaves nothing else
        sigma_x, sigma_y = heatmaps.sigma[index]
        below.set_title(
            f'confidence {heatmaps.confidence[index]:.2f}\nsigma {sigma_x:.1f} x {sigma_y:.1f} px',
            fontsize=8,
        )
    axes[0, 1].set_ylabel('teacher', fontsize=9)
    axes[1, 1].set_ylabel('student, simulated', fontsize=9)
    bar = figure.colorbar(image, ax=axes, shrink=0.6, aspect=30, pad=0.01)
    bar.set_label('heatmap', fontsize=8)
    bar.ax.tick_params(labelsize=8)
    return figure


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw and save."""
    args = parse_args(arguments)
    check_figure_path(args.out)
    inferencer, crop = load_person(args)
    if not isinstance(inferencer.model, DistilPose):
        raise InputError(f'{args.config} has no teacher (model.teacher): it is no DistilPose.')
    names = list(inferencer.dataset_meta['keypoint_id2name'].values())
    some = [name for name in SOME_KEYPOINTS if name in names]
    chosen = args.keypoint or some
    keypoints = dict(zip(chosen, find_keypoints(chosen, names), strict=True))
    save_figure(draw(crop, heatmap_pair(inferencer.model, crop.inputs), keypoints), args.out)
    print(f'Wrote {args.out}.')


if __name__ == '__main__':
    run_tool(main)
