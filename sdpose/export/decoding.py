# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Decode predictions inside of the exported graph, for a whole batch at once."""

from typing import Any

import cv2
import torch
import torch.nn.functional as F  # noqa: N812
from mmpose.codecs import MSRAHeatmap
from torch import Tensor, nn

from sdpose.codecs import UnrefinedHeatmap
from sdpose.errors import InputError


class HeatmapDecoder(nn.Module):
    """Heatmaps -> keypoints and scores, as the codec's ``decode`` does it in numpy.

    The location of the maximum is refined: with ``unbiased`` by DARK (Zhang et al., CVPR 2020,
    equation 9: one Newton step on the logarithm of the blurred heatmap), else by a quarter of a
    pixel towards the higher neighbour; of an ``UnrefinedHeatmap`` not at all. A heatmap without a
    positive value gives the location (-1, -1) of the heatmap, as in MMPose.

    Args:
        codec: An ``MSRAHeatmap`` or :class:`UnrefinedHeatmap`.

    Raises:
        InputError: It is another codec.
    """

    def __init__(self, codec: Any) -> None:
        super().__init__()
        if type(codec) not in (MSRAHeatmap, UnrefinedHeatmap):
            raise InputError(
                '--decode and --for rtmlib know the codec MSRAHeatmap, but this model has '
                f'{type(codec).__name__}. Export its heatmaps: leave --decode out.'
            )
        self.unbiased = codec.unbiased
        self.is_refined = not isinstance(codec, UnrefinedHeatmap)
        self.register_buffer('pixels', torch.from_numpy(codec.scale_factor))  # crop / heatmap
        blur = torch.from_numpy(cv2.getGaussianKernel(codec.blur_kernel_size, 0)).float()
        self.register_buffer('blur', (blur @ blur.T)[None, None])
        self.pixels: Tensor
        self.blur: Tensor

    def forward(self, heatmaps: Tensor) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            heatmaps: (B, K, H, W).

        Returns:
            Keypoints (B, K, 2) in pixels of the model's input, and scores (B, K).
        """
        width = heatmaps.shape[3]
        values = heatmaps.flatten(2)  # (B, K, H * W)
        scores, index = values.amax(-1), values.argmax(-1)
        x = index % width
        y = torch.div(index, width, rounding_mode='floor')
        location = torch.stack([x, y], dim=-1).float()  # (B, K, 2)
        if self.is_refined:
            refine = self._newton_step if self.unbiased else self._quarter_pixel
            location = location + refine(heatmaps, x, y)
        location = torch.where(scores[..., None] > 0, location, -1.0)
        return location * self.pixels, scores

    def _newton_step(self, heatmaps: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """(B, K, H, W) and the place (B, K) of the maxima -> offsets (B, K, 2)."""
        height, width = heatmaps.shape[2:]
        blurred = F.conv2d(heatmaps.flatten(0, 1)[:, None], self.blur, padding='same')
        blurred = blurred[:, 0].unflatten(0, (-1, heatmaps.shape[1]))  # (B, K, H, W)
        highest = [maps.amax((2, 3), keepdim=True) for maps in (heatmaps, blurred)]
        log = (blurred * (highest[0] / highest[1])).clamp(min=1e-10).log()
        at = _Neighbours(log, x, y)

        dx = 0.5 * (at(1, 0) - at(-1, 0))
        dy = 0.5 * (at(0, 1) - at(0, -1))
        dxx = 0.25 * (at(2, 0) - 2 * at(0, 0) + at(-2, 0))
        dyy = 0.25 * (at(0, 2) - 2 * at(0, 0) + at(0, -2))
        dxy = 0.25 * (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1))
        determinant = dxx * dyy - dxy * dxy
        inside = (x > 1) & (x < width - 2) & (y > 1) & (y < height - 2) & (determinant != 0)
        divisor = torch.where(inside, determinant, 1.0)
        step = torch.stack([dxy * dy - dyy * dx, dxy * dx - dxx * dy], -1) / divisor[..., None]
        return torch.where(inside[..., None], step, 0.0)

    def _quarter_pixel(self, heatmaps: Tensor, x: Tensor, y: Tensor) -> Tensor:
        """As :meth:`_newton_step`."""
        height, width = heatmaps.shape[2:]
        at = _Neighbours(heatmaps, x, y)
        inside_x = (x > 1) & (x < width - 1) & (y > 0)  # MMPose's borders, which are not symmetric
        inside_y = (y > 1) & (y < height - 1) & (x > 0)
        dx = torch.where(inside_x, at(1, 0) - at(-1, 0), 0.0)
        dy = torch.where(inside_y, at(0, 1) - at(0, -1), 0.0)
        return 0.25 * torch.stack([dx, dy], -1).sign()


class _Neighbours:
    """Values of heatmaps (B, K, H, W) beside one pixel of each."""

    def __init__(self, heatmaps: Tensor, x: Tensor, y: Tensor) -> None:
        self.values, self.width = heatmaps.flatten(2), heatmaps.shape[3]
        self.last = heatmaps.shape[2] * heatmaps.shape[3] - 1
        self.index = y * self.width + x

    def __call__(self, right: int, down: int) -> Tensor:
        """(B, K); where the neighbour is outside of the map some other value."""
        index = (self.index + (down * self.width + right)).clamp(0, self.last)
        return self.values.gather(2, index[..., None])[..., 0]
