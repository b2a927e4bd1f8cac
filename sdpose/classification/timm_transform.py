# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Image augmentation of timm, in which DeiT's recipe is written."""

from typing import Any

import torch
from mmcv.transforms import BaseTransform
from mmengine.structures import BaseDataElement
from mmpose.registry import TRANSFORMS
from PIL import Image

from sdpose.classification.timm_package import import_timm
from sdpose.errors import InputError


@TRANSFORMS.register_module()
class TimmTransform(BaseTransform):
    """Read an image, transform it as ``timm.data.create_transform`` says, and pack it.

    It takes ``img_path`` and ``gt_label`` and gives ``inputs``, a normalised image (3, H, W) in
    RGB, and ``data_samples``, with ``gt_label`` (1,) and, as meta information, ``img_path``.

    Args:
        **options: Arguments of ``timm.data.create_transform``, such as ``input_size``,
            ``is_training``, ``auto_augment``, ``re_prob`` and ``interpolation``.

    Raises:
        InputError: timm is missing.
    """

    def __init__(self, **options: Any) -> None:
        self.options = options
        self.augment = import_timm('timm.data').create_transform(**options)

    def transform(self, results: dict) -> dict:
        """Read, transform and pack one image.

        Raises:
            InputError: The image is missing or broken.
        """
        path = results['img_path']
        try:
            with Image.open(path) as image:
                pixels = image.convert('RGB')
        except (OSError, SyntaxError, ValueError) as error:
            raise InputError(f'The image {path} is missing or broken: {error}.') from error
        sample = BaseDataElement(
            metainfo=dict(img_path=path), gt_label=torch.tensor([results['gt_label']])
        )
        return dict(inputs=self.augment(pixels), data_samples=sample)

    def __repr__(self) -> str:
        """Show the options."""
        return f'{type(self).__name__}({self.options})'
