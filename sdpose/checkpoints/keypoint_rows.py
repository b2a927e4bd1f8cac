# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Weights that have something for each keypoint, brought into a model of other keypoints."""

import re
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

# Where K is the same no shape tells: our tokens, and the last layers of our heads and MMPose's
OF_KEYPOINTS = re.compile(r'\b(keypoint_tokens|\w*final_layers?|fc)\b')


def place_rows(
    expected: Mapping[str, Tensor],
    given: Mapping[str, Tensor],
    origins: Sequence[Sequence[int]],
    num_given: int,
) -> dict[str, Tensor]:
    """Bring the rows of keypoints into a model's order.

    A weight has them where one dimension is m K in the checkpoint and m K' in the model, and all
    others are the same. The m rows of a keypoint are neighbours, as linear layers of heads have
    them. A convolution with m > 1 is left alone: some heads have m maps for each keypoint, others
    m times one for all keypoints.

    Args:
        expected: State dict of the model, for K' keypoints.
        given: State dict of the checkpoint, for K keypoints.
        origins: For each of the K' keypoints those among the K whose mean it starts from; of none
            it keeps the model's.
        num_given: K.

    Returns:
        The weights with rows of keypoints, in the model's shape, on the CPU; both state dicts stay
        as they are.
    """
    placed = {}
    for name in (each for each in expected if each in given and not each.startswith('backbone.')):
        ours, theirs = expected[name], given[name]
        layer = expected.get(f'{name.rpartition(".")[0]}.weight', ours)
        dimension = _keypoint_dimension(name, ours.shape, theirs.shape)
        if dimension is None or not ours.is_floating_point():
            continue
        times = ours.shape[dimension] // len(origins)
        sizes = ours.shape[dimension], theirs.shape[dimension]
        if sizes != (len(origins) * times, num_given * times) or (times > 1 and layer.ndim != 2):
            continue
        placed[name] = ours.detach().cpu().clone()
        rows = placed[name].unflatten(dimension, (len(origins), times)).movedim(dimension, 0)
        taken = theirs.to(rows).unflatten(dimension, (num_given, times)).movedim(dimension, 0)
        for row, numbers in zip(rows, origins, strict=True):
            if numbers:
                row.copy_(taken[list(numbers)].mean(0))
    return placed


def _keypoint_dimension(name: str, ours: torch.Size, theirs: torch.Size) -> int | None:
    """The one dimension that differs; of a weight of the same shape the one it is known to have."""
    if not ours or len(ours) != len(theirs):
        return None
    if ours == theirs:
        known = OF_KEYPOINTS.search(name)
        return int(known[1] == 'keypoint_tokens') if known else None
    differing = [index for index in range(len(ours)) if ours[index] != theirs[index]]
    return differing[0] if len(differing) == 1 else None
