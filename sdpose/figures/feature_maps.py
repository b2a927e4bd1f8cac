# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""The last feature map of a model's backbone: DistilPose figure 3(a)."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from sdpose.apis import PoseInferencer
from sdpose.errors import InputError
from sdpose.figures.canvas import make_panels, show_over, show_picture
from sdpose.figures.options import check_number
from sdpose.figures.person_crop import PersonCrop, find_keypoints

COLUMNS = 6


def draw_feature_maps(
    inferencer: PoseInferencer,
    crop: PersonCrop,
    channels: Sequence[int] | None = None,
    number: int = 10,
    names: Sequence[str] | None = None,
) -> Figure:
    """Draw the absolute activations of the backbone's last feature map over one person.

    Args:
        inferencer: With the model.
        crop: The person.
        channels: Their numbers; by default those whose mean is the largest.
        number: How many of these, at most.
        names: Of keypoints, to mark where the model predicts them.

    Returns:
        The crop, the mean over all channels, and the channels, each on its own scale from 0.

    Raises:
        InputError: The backbone gives no feature map, or there is no such channel or keypoint.
    """
    check_number(number, 'channel')
    marked = crop.keypoints[list(find_keypoints(names or [], inferencer.keypoint_names).values())]
    backbone = inferencer.model.backbone
    activation = activations(backbone, crop.inputs)
    fields = {f'mean of {len(activation)} channels': activation.mean(axis=0)}
    for channel in choose_channels(activation, channels, number):
        fields[f'channel {channel}'] = activation[channel]
    height, width = crop.picture.shape[:2]
    columns = min(COLUMNS, 1 + len(fields))
    rows = -(-(1 + len(fields)) // columns)
    size = (max(5, 1.7 * columns), (1.7 * height / width + 0.4) * rows + 0.3)
    figure, axes = make_panels(rows, columns, size)
    show_picture(axes[0, 0], crop.picture)
    axes[0, 0].set_title('input', fontsize=8)
    for axis, (name, field) in zip(axes.flat[1:], fields.items(), strict=False):
        show_over(axis, crop.picture, field, field.max())
        axis.set_title(f'{name}\nmax {field.max():.3g}', fontsize=8)
    for axis in axes.flat[: 1 + len(fields)]:
        axis.plot(*marked.T, 'o', color='white', markersize=4, markeredgecolor='black')
    rows_by_columns = 'x'.join(map(str, activation.shape[1:]))
    title = f'{type(backbone).__name__}: |activation| of the last feature map, {rows_by_columns}'
    figure.suptitle(title, fontsize=10)
    return figure


@torch.no_grad()
def activations(backbone: nn.Module, inputs: torch.Tensor) -> np.ndarray:
    """Compute the absolute values of a backbone's last feature map.

    Args:
        backbone: In evaluation mode.
        inputs: One normalized image, (1, 3, H, W).

    Returns:
        (C, h, w).

    Raises:
        InputError: The backbone gives something else.
    """
    found = backbone(inputs)
    last = found[-1] if isinstance(found, (tuple, list)) and found else found
    if not isinstance(last, torch.Tensor) or last.ndim != 4:
        what = f'{last.ndim} dimensions' if isinstance(last, torch.Tensor) else type(last).__name__
        raise InputError(
            f'The backbone {type(backbone).__name__} gives no feature map (B, C, H, W) to draw, '
            f'but {what}.'
        )
    return last[0].abs().float().cpu().numpy()


def choose_channels(
    activation: np.ndarray, channels: Sequence[int] | None, number: int
) -> Sequence[int]:
    """Return the asked-for channels, by default those with the largest mean, largest first.

    Args:
        activation: (C, h, w), at least 0.
        channels: Their numbers.
        number: How many by default, at most.

    Raises:
        InputError: One does not exist.
    """
    if channels is None:
        return np.argsort(-activation.mean(axis=(1, 2)), kind='stable')[:number].tolist()
    for channel in channels:
        if not 0 <= channel < len(activation):
            raise InputError(f'--channels {channel}: the channels are 0 to {len(activation) - 1}.')
    return channels
