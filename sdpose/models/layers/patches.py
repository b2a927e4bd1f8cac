# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Cut a feature map into patches."""

from torch import Tensor


def split_into_patches(feature_map: Tensor, patch_size: tuple[int, int]) -> Tensor:
    """Cut a feature map into patches and flatten each as (row, column, channel).

    Args:
        feature_map: (B, C, H, W).
        patch_size: Height h and width w of a patch in pixels of the map; h divides H, w divides W.

    Returns:
        (B, P, h * w * C) with P = (H / h) * (W / w) patches in row-major order.
    """
    batch, channels, height, width = feature_map.shape
    patch_h, patch_w = patch_size
    rows, columns = height // patch_h, width // patch_w
    patches = feature_map.view(batch, channels, rows, patch_h, columns, patch_w)
    patches = patches.permute(0, 2, 4, 3, 5, 1)  # (B, rows, columns, h, w, C)
    return patches.reshape(batch, rows * columns, patch_h * patch_w * channels)
