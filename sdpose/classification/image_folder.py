# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Images sorted into one folder for each class, as ImageNet comes."""

from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmpose.registry import DATASETS

from sdpose.errors import InputError
from sdpose.runtime.frames import IMAGE_SUFFIXES


@DATASETS.register_module()
class ImageFolderDataset(BaseDataset):
    """Labelled images in ``data_root/split/CLASS/IMAGE``; other files are passed over.

    Labels are 0 to N - 1 in the alphabetical order of the class folders, which is the order of
    ImageNet's labels in published weights. A sample is ``img_path`` and ``gt_label``.

    Args:
        data_root: Folder of the data set.
        split: Folder in it that holds the class folders, such as ``train``.
        **options: Those of MMEngine's ``BaseDataset``, such as ``pipeline`` and ``indices``.

    Raises:
        InputError: The folder is missing or holds no images.
    """

    def __init__(self, data_root: str, split: str, **options: Any) -> None:
        self.split = split
        classes = class_names(Path(data_root) / split)
        super().__init__(data_root=data_root, metainfo=dict(classes=classes), **options)

    def load_data_list(self) -> list[dict]:
        """List all images with their labels."""
        folder = Path(self.data_root) / self.split
        data_list = [
            dict(img_path=str(path), gt_label=label)
            for label, name in enumerate(self.metainfo['classes'])
            for path in sorted((folder / name).rglob('*'))
            if path.suffix.lower() in IMAGE_SUFFIXES
        ]
        if not data_list:
            raise InputError(f'There are no images in the class folders of {folder}.')
        return data_list

    @staticmethod
    def check_config(dataset: dict, model: dict) -> None:
        """Compare a data set's folder with its config, before anything is built.

        Args:
            dataset: Config of this data set.
            model: Config of the model that is to learn it, with ``num_classes``.

        Raises:
            InputError: The folder is missing, or has another number of classes than the model.
        """
        folder = Path(dataset['data_root']) / dataset['split']
        found, expected = len(class_names(folder)), model.get('num_classes')
        if expected is not None and found != expected:
            raise InputError(
                f'{folder} has {found} class folders, but the model of this config tells '
                f'{expected} classes apart (model.num_classes).'
            )


def class_names(folder: Path) -> tuple[str, ...]:
    """Names of the class folders in a folder, in alphabetical order.

    Raises:
        InputError: It is missing or holds no folders.
    """
    if not folder.is_dir():
        raise InputError(
            f'There is no image folder {folder}. Link your ImageNet (ln -s /path/to/imagenet '
            'data/imagenet, with train/CLASS/IMAGE and val/CLASS/IMAGE), give another folder with '
            '--data-root, or make the toy set: python tools/dataset/make_toy_shapes.py '
            'data/toy_shapes'
        )
    names = tuple(
        sorted(path.name for path in folder.iterdir() if path.is_dir() and path.name[0] != '.')
    )
    if not names:
        raise InputError(
            f'{folder} holds no class folders. Images belong into one folder for each class: '
            f'{folder}/CLASS/IMAGE.'
        )
    return names
