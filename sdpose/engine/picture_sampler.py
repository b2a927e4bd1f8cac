# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Train on the persons of a picture one after another, so that it is decoded once."""

from collections.abc import Iterator

import torch
from mmengine.dataset import BaseDataset, DefaultSampler
from mmpose.registry import DATA_SAMPLERS

from sdpose.errors import InputError


@DATA_SAMPLERS.register_module()
class PictureSampler(DefaultSampler):
    """Shuffles pictures, and gives all persons of one after another; for training.

    Together with :class:`~sdpose.transforms.LoadImageOnce`, which then decodes a picture once
    and not once a person. It changes what is learned: persons of one picture, alike in light and
    place, stand in one batch. No config of ours takes it. In a config::

        train_dataloader = dict(sampler=dict(_delete_=True, type='PictureSampler'))

    Args:
        dataset: Whose samples name their picture by ``img_path``.
        seed: Of the order, the same in all processes; drawn if ``None``.

    Raises:
        InputError: The data set is put together of several, or is no data set of MMEngine.
    """

    def __init__(self, dataset: BaseDataset, seed: int | None = None) -> None:
        super().__init__(dataset, seed=seed)
        if not hasattr(dataset, 'data_list'):
            raise InputError(
                f'PictureSampler needs a plain data set, not a {type(dataset).__name__}: take '
                "sampler.type='DefaultSampler'."
            )
        pictures: dict[str, int] = {}
        # a data set's own get_data_info copies what it knows of keypoints each time
        infos = (BaseDataset.get_data_info(dataset, index) for index in range(len(dataset)))
        self._picture = torch.tensor(
            [pictures.setdefault(info['img_path'], len(pictures)) for info in infos]
        )  # of each person
        self._num_pictures = len(pictures)

    def __iter__(self) -> Iterator[int]:
        """Give the indices of this process: a part of the order that is in one piece."""
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        place = torch.randperm(self._num_pictures, generator=generator)  # of each picture
        order = place[self._picture].argsort(stable=True)
        # as many for each process: the last one begins from the front again
        mine = torch.arange(self.num_samples) + self.rank * self.num_samples
        return iter(order[mine % len(order)].tolist())
