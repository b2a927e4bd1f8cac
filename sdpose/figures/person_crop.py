# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""One person as a model sees it, for figures of what happens inside the model."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mmengine.dataset import pseudo_collate
from torch import Tensor

from sdpose.apis import PoseInferencer
from sdpose.errors import InputError, did_you_mean
from sdpose.runtime.crop import CropRegion
from sdpose.runtime.person_boxes import parse_box


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
    ) -> 'PersonCrop':
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
        meta = crop['data_samples'].metainfo
        region = CropRegion(meta['input_center'], meta['input_scale'])
        return cls(
            picture=crop['inputs'].numpy()[::-1].transpose(1, 2, 0).copy(),  # BGR -> RGB
            inputs=inferencer.model.data_preprocessor(pseudo_collate([crop]))['inputs'],
            keypoints=region.to_crop(poses.keypoints[0], meta['input_size']),
        )


def load_person(
    config: str | Path,
    checkpoint: str | Path,
    image: str | Path,
    box: str | None = None,
    device: str | None = None,
    cfg_options: dict[str, Any] | None = None,
) -> tuple[PoseInferencer, PersonCrop]:
    """Load a model and cut out a person for it.

    Args:
        config: Config file.
        checkpoint: Its weights.
        image: Picture of the person.
        box: ``x,y,w,h`` in pixels; by default the person fills the image.
        device: As of :class:`PoseInferencer`.
        cfg_options: As of :class:`PoseInferencer`.

    Raises:
        InputError: Something of it is missing, broken or does not fit.
    """
    parsed = parse_box(box) if box else None
    if not Path(image).is_file():  # said before the model is loaded
        raise InputError(f'There is no picture {image}.')
    inferencer = PoseInferencer(config, checkpoint, device, prepare=False, cfg_options=cfg_options)
    return inferencer, PersonCrop.of(inferencer, image, parsed)


def find_keypoints(names: Sequence[str], known: Sequence[str]) -> dict[str, int]:
    """Find keypoints by name.

    Args:
        names: Those to find.
        known: The names of all keypoints, in the model's order.

    Returns:
        Their numbers by name, in the order of ``names``.

    Raises:
        InputError: One does not exist.
    """
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known)
            raise InputError(f'The model has no keypoint {name}.{hint} It has {", ".join(known)}.')
    return {name: list(known).index(name) for name in names}
