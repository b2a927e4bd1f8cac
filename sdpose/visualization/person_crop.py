# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""One person as a model sees it, for figures of what happens inside the model."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from mmengine.dataset import pseudo_collate
from torch import Tensor

from sdpose.apis.person_boxes import parse_box
from sdpose.apis.pose_inferencer import PoseInferencer
from sdpose.cli import add_cfg_options
from sdpose.errors import InputError


@dataclass(frozen=True)
class PersonCrop:
    """A person's crop, what the model makes of it, and the crop as the model takes it.

    Attributes:
        picture: (H, W, 3), uint8, RGB: the crop before normalization.
        inputs: (1, 3, H, W), normalized, on the model's device.
        keypoints: (K, 2), the model's prediction, x and y in pixels of the crop.
    """

    picture: np.ndarray
    inputs: Tensor
    keypoints: np.ndarray

    @classmethod
    def of(
        cls, inferencer: PoseInferencer, image: str | Path | np.ndarray, box: Sequence[float] | None
    ) -> PersonCrop:
        """Cut a person out of an image.

        Args:
            inferencer: With the model.
            image: File, or array (H, W, 3), uint8, BGR.
            box: x, y, width, height in pixels; ``None`` where the person fills the image.

        Raises:
            InputError: The picture cannot be read, the box has no pixel of the image in it, or the
                model gives something other than numbers.
        """
        (poses,) = inferencer([image], None if box is None else [[box]])
        crop = inferencer.crop(image, box)
        center, scale, size = (
            np.asarray(crop['data_samples'].metainfo[name], dtype=float)
            for name in ('input_center', 'input_scale', 'input_size')
        )
        return cls(
            picture=crop['inputs'].numpy()[::-1].transpose(1, 2, 0).copy(),  # BGR -> RGB
            inputs=inferencer.model.data_preprocessor(pseudo_collate([crop]))['inputs'],
            keypoints=(poses.keypoints[0] - center + scale / 2) / scale * size,
        )


def add_person_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the figures of one person have in common: the model, the image, the figure."""
    parser.add_argument('config', help='config file')
    parser.add_argument('checkpoint', help='checkpoint file')
    parser.add_argument('image', help='picture of a person')
    parser.add_argument('out', type=Path, help='figure to write (.png, .pdf, .jpg)')
    parser.add_argument(
        '--bbox', metavar='X,Y,W,H', help="the person's box in pixels (default: the whole image)"
    )
    parser.add_argument('--keypoint', nargs='+', metavar='NAME', help='keypoints, e.g. nose')
    parser.add_argument('--device', help='cpu, cuda, cuda:1 (default: the GPU if there is one)')
    add_cfg_options(parser, 'model.test_cfg.flip_test=False')


def load_person(
    args: argparse.Namespace, test_cycles: int | None = None
) -> tuple[PoseInferencer, PersonCrop]:
    """Load the model and cut out the person that the arguments name.

    Args:
        args: With those of :func:`add_person_arguments`.
        test_cycles: Cycles of an SDPose model, instead of the config's.

    Raises:
        InputError: Something of it is missing, broken or does not fit.
    """
    box = parse_box(args.bbox) if args.bbox else None
    if not Path(args.image).is_file():
        raise InputError(f'There is no picture {args.image}.')
    inferencer = PoseInferencer(
        args.config,
        args.checkpoint,
        args.device,
        test_cycles=test_cycles,
        cfg_options=args.cfg_options,
    )
    return inferencer, PersonCrop.of(inferencer, args.image, box)


def find_keypoints(names: Sequence[str], known: Sequence[str]) -> list[int]:
    """Find keypoints by name.

    Args:
        names: Those to find.
        known: The names of all keypoints, in the model's order.

    Returns:
        Their numbers, in the order of ``names``.

    Raises:
        InputError: One does not exist.
    """
    for name in names:
        if name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f'Did you mean {near[0]}? ' if near else ''
            raise InputError(f'The model has no keypoint {name}. {hint}It has {", ".join(known)}.')
    return [list(known).index(name) for name in names]
