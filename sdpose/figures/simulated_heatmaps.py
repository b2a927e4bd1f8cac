# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""A DistilPose student's simulated heatmaps below its teacher's: DistilPose figure 5."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.canvas import add_color_bar, show_over, show_picture
from sdpose.figures.person_crop import PersonCrop, find_keypoints
from sdpose.models.losses.simulated_heatmap_loss import check_same_keypoints, simulate_heatmaps
from sdpose.models.pose_estimators import DistilPose

SOME_KEYPOINTS = ('nose', 'left_shoulder', 'right_wrist', 'left_hip', 'right_knee', 'left_ankle')


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


@torch.no_grad()
def heatmap_pair(model: nn.Module, inputs: torch.Tensor) -> HeatmapPair:
    """Compute the heatmaps of teacher and student (DistilPose section 3).

    Args:
        model: The student, in evaluation mode.
        inputs: One normalized image, (1, 3, H, W).

    Raises:
        InputError: It has no teacher, or one that cannot be loaded or has other keypoints.
    """
    if not isinstance(model, DistilPose):
        raise InputError('The model has no teacher (model.teacher): it is no DistilPose.')
    teacher = model.teacher(inputs).heatmap  # (1, K, H, W)
    output = model.head(model.extract_feat(inputs))
    check_same_keypoints(output.coordinate, teacher)
    height, width = teacher.shape[2:]
    student = simulate_heatmaps(output.coordinate, output.sigma, (height, width))
    confidence = output.confidence[..., 0]  # (1, K)
    found = (teacher, student, output.coordinate, output.sigma, confidence)
    return HeatmapPair(*(tensor[0].cpu().numpy() for tensor in found))


def draw_simulated_heatmaps(
    inferencer: PoseInferencer, crop: PersonCrop, names: Sequence[str] | None = None
) -> Figure:
    """Draw one column a keypoint: the teacher above, the student below.

    Args:
        inferencer: With the student.
        crop: The person.
        names: Of keypoints; by default some of them.

    Raises:
        InputError: The model has no teacher or no such keypoint.
    """
    known = inferencer.keypoint_names
    some = [name for name in SOME_KEYPOINTS if name in known] or known[: len(SOME_KEYPOINTS)]
    keypoints = find_keypoints(names or some, known)
    heatmaps = heatmap_pair(inferencer.model, crop.inputs)
    height, width = crop.picture.shape[:2]
    panel, columns = 1.7, 1 + len(keypoints)
    size = (panel * columns + 1, 2 * (panel * height / width + 0.42))
    figure = Figure(figsize=size, layout='constrained')
    axes = figure.subplots(2, columns)
    show_picture(axes[0, 0], crop.picture)
    axes[0, 0].set_title('input', fontsize=8)
    axes[1, 0].axis('off')
    for (above, below), (name, index) in zip(axes[:, 1:].T, keypoints.items(), strict=True):
        show_over(above, crop.picture, np.maximum(heatmaps.teacher[index], 0), maximum=1)
        above.set_title(f'{name}\nmax {heatmaps.teacher[index].max():.2f}', fontsize=8)
        image = show_over(below, crop.picture, heatmaps.student[index], maximum=1)
        x, y = heatmaps.coordinate[index] * (width, height)
        below.plot(x, y, '+', color='white', markersize=5)  # a small sigma leaves nothing else
        confidence, (sigma_x, sigma_y) = heatmaps.confidence[index], heatmaps.sigma[index]
        title = f'confidence {confidence:.2f}\nsigma {sigma_x:.1f} x {sigma_y:.1f} px'
        below.set_title(title, fontsize=8)
    axes[0, 1].set_ylabel('teacher', fontsize=9)
    axes[1, 1].set_ylabel('student, simulated', fontsize=9)
    add_color_bar(figure, axes, image, 'heatmap')
    return figure
