# Copyright (c) the sdpose authors. Licensed under Apache-2.0.
"""Look at the data that a config names before anything is built, to say clearly what is wrong."""

import mmap
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.config import Config
from mmpose.datasets.datasets.base import BaseCocoStyleDataset
from mmpose.registry import DATASETS

from sdpose.errors import InputError

HOW_TO_GET_DATA = (
    'Link your copy (ln -s /path/to/coco data/coco), give another folder with --data-root, '
    'or make the toy set: python tools/dataset/make_toy_coco.py data/toy_coco'
)
# The keypoints of the first annotation; those of a category are names, in quotes.
FIRST_KEYPOINTS = re.compile(rb'"keypoints"\s*:\s*\[\s*([-\d][^\]]*)\]')


def check_data(cfg: Config, phases: Iterable[str]) -> None:
    """Check the data sets of some phases of a run.

    A class of data sets may bring its own check, a static method
    ``check_config(dataset, model)`` on two configs. Of others the files must be there, and the
    annotations of those that read COCO's format are looked at.

    Args:
        cfg: The run's config.
        phases: Of ``train``, ``val``, ``test``.

    Raises:
        InputError: A folder or file is missing, an annotation file is not COCO's format, or it
            has another number of keypoints than the head; or what the data set's own check
            says.
    """
    model = cfg.get('model', {})
    head = model.get('head', {})
    num_keypoints = head.get('num_joints', head.get('out_channels'))
    for phase in phases:
        evaluator = cfg.get(f'{phase}_evaluator')
        is_labelled = not (isinstance(evaluator, dict) and evaluator.get('format_only'))
        for dataset in _datasets(cfg.get(f'{phase}_dataloader') or {}):
            own_check = _own_check(dataset)
            if own_check is not None:
                own_check(dataset, model)
            else:
                _check_dataset(dataset, num_keypoints, is_labelled)


def _datasets(node: Any) -> Iterator[dict]:
    """Every data set that can be checked, also inside wrappers such as CombinedDataset."""
    if isinstance(node, dict):
        if (node.get('ann_file') and node.get('type')) or _own_check(node) is not None:
            yield node
        for child in node.values():
            yield from _datasets(child)
    elif isinstance(node, (list, tuple)):
        for child in node:
            yield from _datasets(child)


def _class_of(dataset: dict) -> Any:
    name = dataset.get('type')
    return DATASETS.get(name) if isinstance(name, str) else name


def _own_check(dataset: dict) -> Callable[[dict, dict], None] | None:
    """The ``check_config`` of a data set's class, if it has one."""
    return getattr(_class_of(dataset), 'check_config', None)


def _reads_coco(dataset: dict) -> bool:
    """Whether annotations are read as MMPose's base class does, which many replace."""
    reader, base = _class_of(dataset), BaseCocoStyleDataset
    return all(
        getattr(reader, name, None) is getattr(base, name)
        for name in ('_load_annotations', 'parse_data_info')
    )


def _check_dataset(dataset: dict, num_keypoints: int | None, is_labelled: bool) -> None:
    data_root = Path(dataset.get('data_root') or '')
    if not data_root.is_dir():
        raise InputError(f'There is no data folder {data_root}. {HOW_TO_GET_DATA}')
    ann_file = data_root / dataset['ann_file']
    images = data_root / dataset.get('data_prefix', {}).get('img', '')
    bbox_file = dataset.get('bbox_file')
    if not ann_file.is_file():
        raise InputError(f'There is no annotation file {ann_file}. {HOW_TO_GET_DATA}')
    if not images.is_dir():
        raise InputError(f'There is no image folder {images}. {HOW_TO_GET_DATA}')
    if bbox_file and not Path(bbox_file).is_file():
        raise InputError(
            f"There is no file of person boxes {bbox_file}. Get it from MMPose's page on COCO, "
            'or test with ground-truth boxes: --cfg-options '
            'val_dataloader.dataset.bbox_file=None test_dataloader.dataset.bbox_file=None'
        )
    if _reads_coco(dataset):
        steps = {step.get('type') for step in dataset.get('pipeline', [])}
        converted = 'KeypointConverter' in steps  # annotations have other keypoints than the head
        check_annotation_file(ann_file, None if converted else num_keypoints, is_labelled)


def check_annotation_file(path: Path, num_keypoints: int | None, is_labelled: bool = True) -> None:
    """Check that a file looks like COCO keypoint annotations, without parsing all of it.

    Args:
        path: Existing file; COCO's own has hundreds of megabytes, hence the partial look.
        num_keypoints: Expected number of keypoints a person; ``None`` takes any.
        is_labelled: Whether there must be annotations; COCO's test-dev has images only.

    Raises:
        InputError: It does not, or it has another number of keypoints.
    """
    not_coco = f'{path} is not an annotation file in COCO format'
    if path.stat().st_size == 0:
        raise InputError(f'{not_coco}: it is empty.')
    with path.open('rb') as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
        if text[:64].lstrip()[:1] != b'{' or text[-64:].rstrip()[-1:] != b'}':
            raise InputError(f'{not_coco}: it is not a whole JSON object. Copy it again.')
        needed = ('images', 'annotations') if is_labelled else ('images',)
        missing = [key for key in needed if text.find(f'"{key}"'.encode()) < 0]
        if missing:
            raise InputError(f'{not_coco}: it has no "{missing[0]}".')
        if not is_labelled:
            return
        match = FIRST_KEYPOINTS.search(text)
        if match is None:
            raise InputError(
                f'{path} has no keypoints. COCO keeps them in person_keypoints_*.json, '
                'not in instances_*.json.'
            )
        num_values = match[1].count(b',') + 1
    if num_keypoints and num_values != 3 * num_keypoints:
        raise InputError(
            f'{path} has {num_values / 3:g} keypoints a person, but the head of this config '
            f'predicts {num_keypoints}. Use a config for this data set.'
        )
