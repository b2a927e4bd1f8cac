# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Repeated augmentation, as DeiT trains."""

from mmengine.dist import get_rank, get_world_size
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import Dataset, Sampler

from sdpose.classification.timm_package import import_timm


@DATA_SAMPLERS.register_module()
def repeated_augmentation_sampler(
    dataset: Dataset, num_repeats: int = 3, seed: int | None = None
) -> Sampler:
    """Build timm's ``RepeatAugSampler`` with the ranks of MMEngine.

    Each image is drawn ``num_repeats`` times in a row, so that processes get differently augmented
    versions of it at the same step. An epoch stays as long as without: it sees a part of the images
    only, rounded down to a multiple of 256.

    Args:
        dataset: The data set.
        num_repeats: Draws of each image.
        seed: MMEngine passes it to every sampler; here the order depends on the epoch alone.
    """
    sampler = import_timm('timm.data.distributed_sampler').RepeatAugSampler
    return sampler(dataset, num_replicas=get_world_size(), rank=get_rank(), num_repeats=num_repeats)
